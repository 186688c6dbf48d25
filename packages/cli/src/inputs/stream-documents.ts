import { createReadStream, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputProblem, reasonOf } from './input-problem.ts';
import { createTextReader, isUrl, readSource, readStdin } from './read-source.ts';
import { countLines } from './split-documents.ts';

/** Some whole documents of a text. */
export interface TextPart {
  readonly text: string;
  /** Lines of the text before the part. */
  readonly lines: number;
}

/** Characters that are gathered before documents are handed on; one document may be larger. */
const PART = 256 * 1024;

/**
 * The documents of a file in parts, so that memory grows with the largest document and not with the file. A document
 * ends where a line is `---` or starts with `--- `. Throws `InputProblem`.
 */
export async function* streamParts(path: string, folder: string): AsyncGenerator<TextPart> {
  if (path === '-') yield* splitParts([await readStdin()]);
  else if (isUrl(path) || isSmall(resolve(folder, path))) yield* splitParts([await readSource(path, folder)]);
  else yield* splitParts(readChunks(resolve(folder, path)));
}

/** A file that is read at once: streams cost more to set up than such a file to hold. */
const SMALL = 1024 * 1024;

function isSmall(path: string): boolean {
  try {
    return statSync(path).size <= SMALL;
  } catch (error) {
    throw new InputProblem(reasonOf(error));
  }
}

async function* readChunks(path: string): AsyncGenerator<string> {
  try {
    const reader = createTextReader(path);
    for await (const chunk of createReadStream(path, { highWaterMark: PART })) yield reader.next(chunk as Buffer); // no encoding is set
    yield reader.end();
  } catch (error) {
    if (error instanceof InputProblem) throw error;
    throw new InputProblem(reasonOf(error));
  }
}

/** Chunks of text, cut anywhere, as parts that end between documents. */
export async function* splitParts(chunks: Iterable<string> | AsyncIterable<string>): AsyncGenerator<TextPart> {
  let rest = '';
  let lines = 0;
  for await (const chunk of chunks) {
    rest += chunk;
    if (rest.length < PART) continue;
    const cut = lastBoundary(rest);
    if (cut <= 0) continue;
    const text = rest.slice(0, cut);
    yield { text, lines };
    lines += countLines(text);
    rest = rest.slice(cut);
  }
  if (rest.trim() !== '') yield { text: rest, lines };
}

/** Where the last separator line starts; 0 when there is none behind the first line. */
function lastBoundary(text: string): number {
  let at = text.lastIndexOf('\n---');
  while (at >= 0) {
    const next = text[at + 4];
    // At the very end the line may go on in the next chunk.
    if (next === '\n' || next === ' ' || next === '\r' || next === '\t') return at + 1;
    if (at === 0) break;
    at = text.lastIndexOf('\n---', at - 1);
  }
  return 0;
}
