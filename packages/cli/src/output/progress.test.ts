import { describe, expect, it } from 'vitest';
import { createProgress } from './progress.ts';

function run(isTerminal: boolean, times: readonly number[]): string {
  let text = '';
  let now = 0;
  const write = (added: string) => {
    text += added;
  };
  const progress = createProgress({ write, isTerminal, what: 'resources', clock: () => now });
  for (const [index, time] of times.entries()) {
    now = time;
    progress.tell(index + 1);
  }
  progress.clear();
  return text.replaceAll('\r\u001B[K', '<');
}

describe('progress', () => {
  it.each<[string, boolean, readonly number[], string]>([
    ['is silent for a second', true, [10, 999], ''],
    ['is told a few times a second, and taken away', true, [10, 1000, 1100, 1200], '<2 resources<4 resources<'],
    ['is never told in a pipe', false, [10, 1000, 5000], ''],
  ])('%s', (_, isTerminal, times, text) => {
    expect(run(isTerminal, times)).toBe(text);
  });
});
