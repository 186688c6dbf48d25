import { type ReadDocuments, readDocuments, type SourceMap, type TextDocument } from '@vouchsafe/engine';
import type { Diagnostic, SourceRange } from '@vouchsafe/engine/kernel';
import { type PlacedText, readWithPlaces } from './block-yaml/places.ts';
import { readBlockYaml } from './block-yaml/read-block-yaml.ts';
import { splitDocuments } from './split-documents.ts';

/**
 * What `readDocuments` of the engine reads, with less work: a document that the reader of block YAML understands is read
 * by that, any other by the library. Warnings are only told of documents of the second sort.
 *
 * @param lines how many lines of the origin are before the text
 * @param wants `places`: the place of something in each document will be asked for
 */
export function readText(text: string, origin: string, lines = 0, wants?: 'places'): ReadDocuments {
  if (isForLibrary(text)) return readByLibrary(text, origin, lines);
  const documents: TextDocument[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const part of splitDocuments(text)) {
    const placed = { ...part, text, origin, lines: lines + part.lines };
    const known = wants === 'places' && !part.isOnSeparator ? readWithPlaces(placed) : undefined;
    const value = part.isOnSeparator ? undefined : (known?.value ?? readBlockYaml(text, part.body, part.end));
    if (value === undefined) {
      const read = readByLibrary(text.slice(part.start, part.end), origin, lines + part.lines);
      documents.push(...read.documents);
      diagnostics.push(...read.diagnostics);
    } else if (value !== null) {
      documents.push({ value, sources: lazySources(placed, known?.sources) });
    }
  }
  return { documents, diagnostics };
}

/** Larger texts are refused; the library says so. */
const LARGEST = 10 * 1024 * 1024;

/** What concerns the text as a whole: JSON, directives, other line ends, a byte order mark. */
function isForLibrary(text: string): boolean {
  return (
    text.length > LARGEST ||
    text.includes('\r') ||
    text.startsWith('%') ||
    text.includes('\n%') ||
    /^\s*\uFEFF/.test(text) ||
    (/^\s*[[{]/.test(text) && !text.includes('\n---'))
  );
}

function readByLibrary(text: string, origin: string, lines: number): ReadDocuments {
  const { documents, diagnostics } = readDocuments(text, origin);
  if (lines === 0) return { documents, diagnostics };
  return {
    documents: documents.map(({ value, sources }) => ({ value, sources: shiftSources(sources, lines) })),
    diagnostics: diagnostics.map((problem) =>
      problem.range ? { ...problem, range: shifted(problem.range, lines) } : problem,
    ),
  };
}

/** Places in a document, found by reading it again when a first one is asked for: most documents are in order. */
function lazySources(placed: PlacedText, known?: SourceMap): SourceMap {
  const { text, start, end, origin, lines } = placed;
  let sources = known;
  let exact: SourceMap | undefined;
  const byLibrary = (): SourceMap =>
    readByLibrary(text.slice(start, end), origin, lines).documents[0]?.sources ?? (() => undefined);
  return (path, offset) => {
    if (offset !== undefined) {
      exact ??= byLibrary();
      return exact(path, offset);
    }
    sources ??= readWithPlaces(placed)?.sources ?? byLibrary();
    return sources(path);
  };
}

function shiftSources(sources: SourceMap, lines: number): SourceMap {
  return (path, offset) => {
    const range = sources(path, offset);
    return range && shifted(range, lines);
  };
}

function shifted(range: SourceRange, lines: number): SourceRange {
  return { ...range, line: range.line + lines, endLine: range.endLine + lines };
}
