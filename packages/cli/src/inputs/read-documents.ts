import { flattenList, type SourceMap } from '@vouchsafe/engine';
import { type Diagnostic, isJsonObject, type Json, type JsonObject } from '@vouchsafe/engine/kernel';
import { readText } from './read-text.ts';

/** One object of a file, with the places of its parts. */
export interface InputDocument {
  readonly object: JsonObject;
  readonly origin: string;
  readonly sources: SourceMap;
}

export interface ReadInput {
  readonly documents: readonly InputDocument[];
  /** What could not be read; the documents around it are still there. */
  readonly problems: readonly Diagnostic[];
}

/**
 * The one place where the commands turn text into objects. Lists are taken apart; documents that are no object are problems.
 *
 * @param lines how many lines of the origin are before the text
 * @param wants as of `readText`
 */
export function readInputDocuments(text: string, origin: string, lines = 0, wants?: 'places'): ReadInput {
  const read = readText(text, origin, lines, wants);
  const documents: InputDocument[] = [];
  const problems: Diagnostic[] = read.diagnostics.filter(({ severity }) => severity === 'error');
  for (const { value, sources } of read.documents.flatMap(flattenList)) {
    if (isJsonObject(value)) {
      documents.push({ object: value, origin, sources });
      continue;
    }
    const range = sources('');
    problems.push({
      code: 'document-syntax',
      severity: 'error',
      message: 'a document must be an object',
      ...(range ? { range } : {}),
    });
  }
  return { documents, problems };
}

/** The first document of a text, whatever it is; null for an empty one. */
export function readValueDocument(
  text: string,
  origin: string,
): { readonly value: Json } | { readonly problem: Diagnostic } {
  const { documents, diagnostics } = readText(text, origin);
  const problem = diagnostics.find(({ severity }) => severity === 'error');
  return problem ? { problem } : { value: documents[0]?.value ?? null };
}
