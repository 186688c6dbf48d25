import { describe, expect, it } from 'vitest';
import { fillIn } from './fill-in.ts';

const placeholders = {
  key: async (name: string) => `-----BEGIN ${name}-----\nabc\n-----END ${name}-----\n`,
  digest: async () => 'sha256:0',
};

/** `<kind:name>` for the placeholder, which linters take for a template gone wrong. */
const withPlaceholders = (text: string) => text.replaceAll('<', '$'.concat('{')).replaceAll('>', '}');

describe('fillIn', () => {
  it.each([
    ['plain text', 'plain text'],
    ['a@<digest:r/a:1> b@<digest:r/b:1>', 'a@sha256:0 b@sha256:0'],
    ['<HOME> <other:x>', '<HOME> <other:x>'],
    ['keys: |-\n    <key:K>\nend', 'keys: |-\n    -----BEGIN K-----\n    abc\n    -----END K-----\nend'],
    ['<constructor:x>', '<constructor:x>'],
  ])('%s', async (text, filled) => {
    expect(await fillIn(withPlaceholders(text), placeholders)).toBe(withPlaceholders(filled));
  });

  it('passes on what a name does not stand for', async () => {
    const failing = { digest: () => Promise.reject(new Error('no image')) };
    await expect(fillIn(withPlaceholders('<digest:x>'), failing)).rejects.toThrow('no image');
  });
});
