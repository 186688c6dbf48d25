/** Where a document of a stream is written. */
export interface DocumentPart {
  /** Of its first line: the separator, if one begins it. */
  readonly start: number;
  /** Behind the separator's line. */
  readonly body: number;
  readonly end: number;
  /** Lines of the text before `start`. */
  readonly lines: number;
  /** Something but a comment follows the separator on its line. */
  readonly isOnSeparator: boolean;
}

/** The documents of a text: each begins where a line is `---` or starts with `---` and a blank, whatever is around it. */
export function splitDocuments(text: string): readonly DocumentPart[] {
  const parts: DocumentPart[] = [];
  let start = 0;
  let lines = 0;
  while (start < text.length) {
    const end = nextSeparator(text, start);
    parts.push(toPart(text, start, end, lines));
    lines += countLines(text, start, end);
    start = end;
  }
  return parts;
}

function toPart(text: string, start: number, end: number, lines: number): DocumentPart {
  if (!isSeparator(text, start)) return { start, body: start, end, lines, isOnSeparator: false };
  const found = text.indexOf('\n', start);
  const stop = found < 0 || found >= end ? end : found + 1;
  return { start, body: stop, end, lines, isOnSeparator: !/^---\s*(?:\s#.*)?$/.test(text.slice(start, stop)) };
}

function nextSeparator(text: string, from: number): number {
  for (let at = text.indexOf('\n---', from); at >= 0; at = text.indexOf('\n---', at + 1)) {
    if (isSeparator(text, at + 1)) return at + 1;
  }
  return text.length;
}

function isSeparator(text: string, at: number): boolean {
  if (!text.startsWith('---', at)) return false;
  const next = text[at + 3];
  return next === undefined || next === '\n' || next === ' ' || next === '\r' || next === '\t';
}

/** How many line feeds are between two places. */
export function countLines(text: string, from = 0, to = text.length): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
