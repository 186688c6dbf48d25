import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readInputDocuments } from './read-documents.ts';
import { splitParts, streamParts, type TextPart } from './stream-documents.ts';

async function partsOf(chunks: readonly string[]): Promise<readonly TextPart[]> {
  const parts: TextPart[] = [];
  for await (const part of splitParts(chunks)) parts.push(part);
  return parts;
}

function cut(text: string, size: number): readonly string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  );
}

const FILLER = `  text: |\n${'    --- not a separator\n'.repeat(40)}`;

describe('a stream of documents', () => {
  it('is the same whatever the chunks are', async () => {
    const text = Array.from(
      { length: 400 },
      (_, index) => `kind: K\nmetadata: {name: n${index}}\nspec:\n${FILLER}`,
    ).join('---\n');
    const whole = readInputDocuments(text, 'f').documents.map(({ object, sources }) => [
      object,
      sources('metadata')?.line,
    ]);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1_000, max: 300_000 }), async (size) => {
        const parts = await partsOf(cut(text, size));
        const read = parts.flatMap((part) => readInputDocuments(part.text, 'f', part.lines).documents);
        expect(read.map(({ object, sources }) => [object, sources('metadata')?.line])).toEqual(whole);
      }),
      { numRuns: 8 },
    );
    expect((await partsOf(cut(text, 50_000))).length).toBeGreaterThan(1);
  });

  it('keeps a document that is larger than a part whole', async () => {
    const text = `kind: K\nspec:\n${FILLER.repeat(800)}`;
    expect(await partsOf(cut(text, 100_000))).toEqual([{ text, lines: 0 }]);
  });

  it.each([
    ['', 0],
    ['\n\n', 0],
    ['a: 1\n', 1],
  ])('of %j has %i parts', async (text, count) => {
    expect(await partsOf([text])).toHaveLength(count);
  });

  it.each([10, 2_000_000])(
    'refuses other encodings, in files of %i characters, and reads UTF-8 across chunks',
    async (size) => {
      const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-encodings-'));
      const long = `# ${'é'.repeat(size)}\n`;
      writeFileSync(join(folder, 'utf8.yaml'), `${long}---\na: é\n`);
      writeFileSync(join(folder, 'latin1.yaml'), Buffer.concat([Buffer.from(long), Buffer.from('a: é\n', 'latin1')]));
      const read = async (name: string) => {
        let text = '';
        for await (const part of streamParts(name, folder)) text += part.text;
        return text;
      };
      expect(await read('utf8.yaml')).toBe(`${long}---\na: é\n`);
      await expect(read('latin1.yaml')).rejects.toThrow('latin1.yaml is not in UTF-8');
      rmSync(folder, { recursive: true });
    },
  );
});
