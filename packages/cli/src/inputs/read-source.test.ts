import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSource } from './read-source.ts';

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a source', () => {
  it('may be a pipe, of which everybody who asks gets all', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const writing = writeFile(join(folder, 'pipe'), 'kind: Pod\n');
    const texts = await Promise.all([readSource('pipe', folder), readSource(join(folder, 'pipe'), '/')]);
    await writing;
    expect(texts).toEqual(['kind: Pod\n', 'kind: Pod\n']);
    expect(await readSource('pipe', folder)).toBe('kind: Pod\n');
  });

  it('that is a folder is told of by name', async () => {
    await expect(readSource('.', folder)).rejects.toThrow('read .: is a directory');
  });

  it('that is not there is told of', async () => {
    await expect(readSource('absent.yaml', folder)).rejects.toThrow('no such file or directory');
  });
});
