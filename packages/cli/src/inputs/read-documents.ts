import { flattenList, readDocuments, type SourceMap } from '@vouchsafe/engine';
import { type Diagnostic, isJsonObject, type JsonObject } from '@vouchsafe/engine/kernel';

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

/** The one place where the commands turn text into objects. Lists are taken apart; documents that are no object are problems. */
export function readInputDocuments(text: string, origin: string): ReadInput {
  const read = readDocuments(text, origin);
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
