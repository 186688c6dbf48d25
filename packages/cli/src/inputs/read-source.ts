import { createReadStream, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputProblem, reasonOf } from './input-problem.ts';

const TIMEOUT_MS = 30_000;
const ARTIFACT_SCHEME = 'oci://';
const LIMIT = 64 * 1024 * 1024;

export function isUrl(path: string): boolean {
  return path.startsWith('http://') || path.startsWith('https://');
}

/** Upstream takes every URL of a policy or of tests as a repository. */
export function isRepository(path: string): boolean {
  return isUrl(path);
}

/** `oci://registry/repository:tag`: the policies of an artifact. */
export function isArtifact(path: string): boolean {
  return path.startsWith(ARTIFACT_SCHEME);
}

export function artifactReference(path: string): string {
  return path.slice(ARTIFACT_SCHEME.length);
}

/** The text of a file or a pipe, of a URL, or of standard input (`-`). Throws `InputProblem`. */
export async function readSource(path: string, folder: string): Promise<string> {
  if (path === '-') return readStdin();
  if (isUrl(path)) return download(path);
  try {
    const absolute = resolve(folder, path);
    const found = statSync(absolute);
    if (found.isDirectory()) throw new InputProblem(`read ${path}: is a directory`);
    return found.isFile() ? createTextReader(path).end(readFileSync(absolute)) : await readPipe(absolute, path);
  } catch (error) {
    if (error instanceof InputProblem) throw error;
    throw new InputProblem(reasonOf(error));
  }
}

export interface TextReader {
  /** Of bytes that may end within a character. Throws `InputProblem`. */
  next(bytes: Uint8Array): string;
  /** Of the last bytes. Throws `InputProblem`. */
  end(bytes?: Uint8Array): string;
}

/** Reads UTF-8 and nothing else: letters of another encoding would be judged as characters that nobody wrote. */
export function createTextReader(origin: string): TextReader {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (bytes: Uint8Array, stream: boolean): string => {
    try {
      return decoder.decode(bytes, { stream });
    } catch {
      throw new InputProblem(`${origin} is not in UTF-8`);
    }
  };
  return { next: (bytes) => decode(bytes, true), end: (bytes = new Uint8Array()) => decode(bytes, false) };
}

let stdin: Promise<string> | undefined;

/** All of standard input; read once, whoever asks. */
export function readStdin(): Promise<string> {
  stdin ??= collect(process.stdin, 'standard input');
  return stdin;
}

const pipes = new Map<string, Promise<string>>();

/** All of a pipe (`<(…)` of a shell): what is read of it is gone, so that whoever asks next is told the same. */
function readPipe(absolute: string, path: string): Promise<string> {
  const known = pipes.get(absolute) ?? collect(createReadStream(absolute), path);
  pipes.set(absolute, known);
  return known;
}

async function collect(stream: AsyncIterable<Buffer | string>, origin: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > LIMIT) throw new InputProblem(`${origin} is larger than ${LIMIT / 1024 / 1024} MiB`);
    chunks.push(bytes);
  }
  return createTextReader(origin).end(Buffer.concat(chunks));
}

async function download(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new InputProblem(`failed to fetch resource from ${url}: HTTP ${response.status}`);
    const text = await response.text();
    if (text.length > LIMIT) throw new InputProblem(`${url} is larger than ${LIMIT / 1024 / 1024} MiB`);
    return text;
  } catch (error) {
    if (error instanceof InputProblem) throw error;
    throw new InputProblem(`failed to process ${url}: ${reasonOf(error)}`);
  }
}
