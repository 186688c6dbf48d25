import { formatDiagnostic } from '@vouchsafe/engine/kernel';
import { findFiles } from './find-files.ts';
import { InputProblem } from './input-problem.ts';
import type { KindTable } from './kind-table.ts';
import { shownPath } from './policy-set.ts';
import { readInputDocuments } from './read-documents.ts';
import { textAt } from './read-fields.ts';
import { readSource } from './read-source.ts';
import { type InputResource, toResource } from './resources.ts';
import { streamParts } from './stream-documents.ts';

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
  for (const file of findFiles(paths, folder, { recursive: false })) {
    resources.push(...readResources(await readSource(file, folder), shownPath(file, folder), kinds));
  }
  return resources;
}

/** The resources of one text; a document without kind is none. */
export function readResources(text: string, origin: string, kinds: KindTable, before = 0): readonly InputResource[] {
  const { documents, problems } = readInputDocuments(text, origin, before);
  const [problem] = problems;
  if (problem) throw new InputProblem(formatDiagnostic(problem));
  for (const { object, sources } of documents) {
    if (textAt(object, 'kind') !== '') continue;
    const line = sources('')?.line ?? 1;
    throw new InputProblem(`${origin}:${line}: Object 'Kind' is missing`);
  }
  return documents.map((document) => toResource(document, kinds));
}

/** The same one after the other, never holding more than a part of a file. */
export async function* streamResources(
  paths: readonly string[],
  folder: string,
  kinds: KindTable,
): AsyncGenerator<InputResource> {
  for (const file of findFiles(paths, folder, { recursive: false })) {
    const origin = shownPath(file, folder);
    for await (const { text, lines } of streamParts(file, folder)) yield* readResources(text, origin, kinds, lines);
  }
}

const LIST = /^kind:\s*["']?\w*List\b/m;

/** How many resources the paths hold, without keeping any: the documents that say something, and the items of lists. */
export async function countResources(paths: readonly string[], folder: string, kinds: KindTable): Promise<number> {
  let count = 0;
  for (const file of findFiles(paths, folder, { recursive: false })) {
    for await (const { text } of streamParts(file, folder)) {
      const isPlain = !LIST.test(text) && !text.trimStart().startsWith('{');
      count += isPlain ? countDocuments(text) : readResources(text, file, kinds).length;
    }
  }
  return count;
}

function countDocuments(text: string): number {
  return text.split(/^---(?=\s|$)/m).filter((document) => /^[^#\s]/m.test(document)).length;
}
