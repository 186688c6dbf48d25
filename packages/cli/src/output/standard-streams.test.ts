import { describe, expect, it } from 'vitest';
import { createOutput, type OutputTarget } from './standard-streams.ts';

/** Each step: how many bytes are taken, or the error instead. */
function run(texts: readonly string[], steps: readonly (number | string)[]) {
  const written: string[] = [];
  const streamed: string[] = [];
  const left = [...steps];
  let hasEnded = false;
  const target: OutputTarget = {
    write(bytes) {
      const step = left.shift() ?? bytes.length;
      if (typeof step === 'string') throw Object.assign(new Error(step), { code: step });
      written.push(Buffer.from(bytes.subarray(0, step)).toString());
      return step;
    },
    openStream: () => ({
      write: (bytes: Uint8Array) => streamed.push(Buffer.from(bytes).toString()) > 0,
      on(): never {
        return this as never;
      },
    }),
    end: () => {
      hasEnded = true;
    },
  };
  const output = createOutput(target);
  for (const text of texts) output(text);
  return { written: written.join(''), streamed: streamed.join(''), hasEnded };
}

describe('standard output', () => {
  it.each<[string, readonly (number | string)[], string, string, boolean]>([
    ['is written at once', [], 'abcdef', '', false],
    ['is written on where a write took a part', [1, 2], 'abcdef', '', false],
    ['goes through a stream once there is no room', [1, 'EAGAIN'], 'a', 'bcdef', false],
    ['ends with its reader', ['EPIPE'], 'def', '', true],
  ])('%s', (_, steps, written, streamed, hasEnded) => {
    expect(run(['abc', 'def'], steps)).toEqual({ written, streamed, hasEnded });
  });

  it('tells of any other failure', () => {
    expect(() => run(['a'], ['ENOSPC'])).toThrow('ENOSPC');
  });
});
