import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { mirrorFrom } from './fetch-from-debian.ts';
import { programsOf, readPlan } from './fetch-plan.ts';
import { unzipFile } from './fetch-unzip.ts';
import { TOOL_NAMES } from './tool-paths.ts';

/** A ZIP archive of one deflated and one stored file. */
function zipOf(files: Record<string, { data: Buffer; isDeflated: boolean }>): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, { data, isDeflated }] of Object.entries(files)) {
    const body = isDeflated ? deflateRawSync(data) : data;
    const local = Buffer.alloc(30);
    local.writeUInt16LE(Buffer.byteLength(name), 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(isDeflated ? 8 : 0, 10);
    entry.writeUInt32LE(body.length, 20);
    entry.writeUInt32LE(data.length, 24);
    entry.writeUInt16LE(Buffer.byteLength(name), 28);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), body);
    directory.push(entry, Buffer.from(name));
    offset += local.length + Buffer.byteLength(name) + body.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

describe('unzipFile', () => {
  const archive = zipOf({
    'a/deflated': { data: Buffer.from('deflated '.repeat(50)), isDeflated: true },
    'b/stored': { data: Buffer.from('stored'), isDeflated: false },
  });

  it('reads deflated and stored files', () => {
    expect(unzipFile(archive, 'a/deflated', 1000)?.toString()).toBe('deflated '.repeat(50));
    expect(unzipFile(archive, 'b/stored', 1000)?.toString()).toBe('stored');
    expect(unzipFile(archive, 'c', 1000)).toBeUndefined();
  });

  it('refuses what is too large and what is no archive', () => {
    expect(() => unzipFile(archive, 'a/deflated', 100)).toThrow('larger than 100 bytes');
    expect(() => unzipFile(Buffer.alloc(100), 'a', 100)).toThrow('not a ZIP archive');
  });
});

describe('mirrorFrom', () => {
  const lines = [
    'http://security.example/debian-security/ bookworm-security main',
    'http://mirror.example/debian/ bookworm-updates main',
    'http://mirror.example/debian/ bookworm main',
    '',
  ].join('\n');

  it('takes the repository of the release itself', () => {
    expect(mirrorFrom(lines, 'bookworm')).toBe('http://mirror.example/debian/');
    expect(mirrorFrom(lines, 'trixie')).toBeUndefined();
  });
});

describe('tools.json', () => {
  const entries = [...readPlan().npm, ...readPlan().debian];

  it('plans every tool once', () => {
    const names = entries.flatMap((entry) => programsOf(entry).map(([name]) => name));
    expect(names.sort()).toEqual([...TOOL_NAMES].sort());
  });

  it.each(entries)('pins $package', ({ version, sha256 }) => {
    expect(version).not.toBe('');
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });
});
