import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatDiagnostic } from '@vouchsafe/engine/kernel';
import { findFiles } from './find-files.ts';
import { InputProblem } from './input-problem.ts';
import type { KindTable } from './kind-table.ts';
import { shownPath } from './policy-set.ts';
import { readInputDocuments } from './read-documents.ts';
import { textAt } from './read-fields.ts';
import { isUrl, readSource } from './read-source.ts';
import { type InputResource, toResource } from './resources.ts';

/**
 * The resources of files, of the files directly in a folder, of globs, URLs and `-`. Throws `InputProblem` for a path
 * that names nothing and for a document that cannot be read: a resource that is silently not judged would count as good.
 */
export async function loadResources(
  paths: readonly string[],
  folder: string,
  kinds: KindTable,
): Promise<readonly InputResource[]> {
  const resources: InputResource[] = [];
  for (const file of await findFiles(paths, folder, { recursive: false })) {
    resources.push(...readResources(await readSource(file, folder), shownPath(file, folder), kinds));
  }
  return resources;
}

/** The resources of one text; a document without kind is none. */
export function readResources(text: string, origin: string, kinds: KindTable): readonly InputResource[] {
  const { documents, problems } = readInputDocuments(text, origin);
  const [problem] = problems;
  if (problem) throw new InputProblem(formatDiagnostic(problem));
  for (const { object, sources } of documents) {
    if (textAt(object, 'kind') !== '') continue;
    const line = sources('')?.line ?? 1;
    throw new InputProblem(`${origin}:${line}: Object 'Kind' is missing`);
  }
  return documents.map((document) => toResource(document, kinds));
}

/** Whether the path is a folder on disk. */
export async function isFolder(path: string, folder: string): Promise<boolean> {
  if (path === '-' || isUrl(path)) return false;
  try {
    return (await stat(resolve(folder, path))).isDirectory();
  } catch {
    return false;
  }
}
