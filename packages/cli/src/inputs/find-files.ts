import { type Dirent, existsSync, globSync, readdirSync, statSync } from 'node:fs';
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
export function findFiles(paths: readonly string[], folder: string, options: FindOptions): readonly string[] {
  const found: string[] = [];
  for (const path of paths) {
    if (path === '-' || isUrl(path) || isArtifact(path)) found.push(path);
    else found.push(...findLocal(path, folder, options));
  }
  return [...new Set(found)];
}

function findLocal(path: string, folder: string, options: FindOptions): readonly string[] {
  const absolute = resolve(folder, path);
  if (!existsSync(absolute)) {
    const matches = isGlob(path) ? expand(path, folder) : [];
    if (matches.length === 0) throw new InputProblem(`open ${path}: no such file or directory`);
    return matches;
  }
  return statSync(absolute).isDirectory() ? listFolder(absolute, options) : [absolute];
}

function isGlob(path: string): boolean {
  return /[*?[{]/.test(path);
}

function expand(pattern: string, folder: string): readonly string[] {
  const matches = globSync(pattern, { cwd: folder }).map((match) => resolve(folder, match));
  return matches.sort().filter((match) => statSync(match).isFile());
}

function listFolder(folder: string, options: FindOptions): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort(byName);
  const files: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (options.recursive) files.push(...listFolder(path, options));
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
