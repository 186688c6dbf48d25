import { flattenList, readDocuments, type SourceMap } from '@vouchsafe/engine';
import { type Diagnostic, isJsonObject, type Json, type JsonObject, type SourceRange } from '@vouchsafe/engine/kernel';

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
 */
export function readInputDocuments(text: string, origin: string, lines = 0): ReadInput {
  const read = readDocuments(text, origin);
  const documents: InputDocument[] = [];
  const problems: Diagnostic[] = read.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map((problem) => (problem.range ? { ...problem, range: shifted(problem.range, lines) } : problem));
  for (const { value, sources: own } of read.documents.flatMap(flattenList)) {
    const sources = shiftSources(own, lines);
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
  const { documents, diagnostics } = readDocuments(text, origin);
  const problem = diagnostics.find(({ severity }) => severity === 'error');
  return problem ? { problem } : { value: documents[0]?.value ?? null };
}

function shiftSources(sources: SourceMap, lines: number): SourceMap {
  if (lines === 0) return sources;
  return (path) => {
    const range = sources(path);
    return range && shifted(range, lines);
  };
}

function shifted(range: SourceRange, lines: number): SourceRange {
  return { ...range, line: range.line + lines, endLine: range.endLine + lines };
}
