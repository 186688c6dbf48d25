import { fstatSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';

const STDOUT = 1;
/** What shells say of a program that ended for a pipe without reader. */
const NO_READER = 141;

/** What stands behind standard output; tests give their own. */
export interface OutputTarget {
  /** Returns how many of the bytes were written; throws as `writeSync` does. */
  readonly write: (bytes: Uint8Array) => number;
  /** For a target that has no room at the moment: waits for it. */
  readonly openStream: () => Pick<Writable, 'write' | 'on'>;
  /** The reader is gone. */
  readonly end: () => void;
}

const STANDARD_OUTPUT: OutputTarget = {
  write: (bytes) => writeSync(STDOUT, bytes),
  openStream: () => process.stdout,
  end: () => process.exit(process.exitCode ?? NO_READER),
};

/**
 * Writes at once, so that nothing gathers in memory while a reader is slow, and no stream has to be set up, which takes a
 * tenth of a short run. A pipe that does not wait (a parent may have set it so) is written through a stream. A reader that
 * has seen enough (`| head`) ends the run without a word, yet not as if all were well: nothing was concluded.
 */
export function createOutput(target: OutputTarget = STANDARD_OUTPUT): (text: string) => void {
  let stream: Pick<Writable, 'write' | 'on'> | undefined;
  const failed = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error;
    target.end();
  };
  return (text) => {
    let bytes: Uint8Array = Buffer.from(text);
    while (!stream && bytes.length > 0) {
      try {
        bytes = bytes.subarray(target.write(bytes));
      } catch (error) {
        if (!isSystemError(error)) throw error;
        if (error.code !== 'EAGAIN') return failed(error);
        stream = target.openStream();
        stream.on('error', failed);
      }
    }
    if (bytes.length > 0) stream?.write(bytes);
  };
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}

/** Whether a file descriptor is a terminal. Pipes and files are told without `node:tty`, which takes long to load. */
export function isTerminal(descriptor: number): boolean {
  try {
    if (!fstatSync(descriptor).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  const require = createRequire(import.meta.url);
  const tty: typeof import('node:tty') = require('node:tty');
  return tty.isatty(descriptor);
}
