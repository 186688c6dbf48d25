import { type Dirent, existsSync } from 'node:fs';
import { glob, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InputProblem } from './input-problem.ts';
import { isArtifact, isUrl } from './read-source.ts';

export interface FindOptions {
  /** Looks into folders of folders, as Kyverno does for policies and not for resources. */
  readonly recursive: boolean;
}

/**
 * The files that `paths` name: files as they are, folders with the YAML in them (hidden entries left out),
 * globs expanded, URLs, artifacts and `-` kept. Sorted within a folder. Throws `InputProblem` for a path that names nothing.
 */
export async function findFiles(
  paths: readonly string[],
  folder: string,
  options: FindOptions,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) {
    if (path === '-' || isUrl(path) || isArtifact(path)) found.push(path);
    else found.push(...(await findLocal(path, folder, options)));
  }
  return [...new Set(found)];
}

async function findLocal(path: string, folder: string, options: FindOptions): Promise<readonly string[]> {
  const absolute = resolve(folder, path);
  if (!existsSync(absolute)) {
    const matches = isGlob(path) ? await expand(path, folder) : [];
    if (matches.length === 0) throw new InputProblem(`open ${path}: no such file or directory`);
    return matches;
  }
  const found = await stat(absolute);
  return found.isDirectory() ? listFolder(absolute, options) : [absolute];
}

function isGlob(path: string): boolean {
  return /[*?[{]/.test(path);
}

async function expand(pattern: string, folder: string): Promise<readonly string[]> {
  const matches: string[] = [];
  for await (const match of glob(pattern, { cwd: folder })) matches.push(resolve(folder, match));
  const files: string[] = [];
  for (const match of matches.sort()) if ((await stat(match)).isFile()) files.push(match);
  return files;
}

async function listFolder(folder: string, options: FindOptions): Promise<readonly string[]> {
  const entries = (await readdir(folder, { withFileTypes: true })).sort(byName);
  const files: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (options.recursive) files.push(...(await listFolder(path, options)));
    } else if (isManifest(entry.name)) {
      files.push(path);
    }
  }
  return files;
}

/** In the order of names as Go sorts them: by bytes. */
export function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** JSON is read when it is named, not when it lies about: it is mostly something else. */
function isManifest(name: string): boolean {
  return name.endsWith('.yaml') || name.endsWith('.yml');
}
