import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLayoutClient } from './layout-client.ts';
import { defaultLimits } from './limits.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const mediaType = 'application/vnd.oci.image.manifest.v1+json';
const soon = () => AbortSignal.timeout(1000);
const access = { allowInsecure: false, providers: [], secrets: [] };

interface Entry {
  readonly document: object;
  readonly annotations?: Record<string, string>;
}

function createLayout(entries: readonly Entry[]) {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-layout-'));
  folders.push(folder);
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const put = (bytes: string) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(folder, 'blobs/sha256', hex), bytes);
    return `sha256:${hex}`;
  };
  const manifests = entries.map(({ document, annotations = {} }) => {
    const text = JSON.stringify(document);
    return { mediaType, digest: put(text), size: text.length, annotations };
  });
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  const client = createLayoutClient(folder, { ...defaultLimits, manifestBytes: 10_000, referrers: 3 });
  const reader = client.open({ registry: 'registry.test', repository: 'team/app' }, access);
  return { folder, reader, put, digests: manifests.map(({ digest }) => digest) };
}

const named = (name: string) => ({ 'org.opencontainers.image.ref.name': name });
const image = { mediaType, config: {}, layers: [] };

describe('an image layout', () => {
  it.each(['v1', 'team/app:v1', 'registry.test/team/app:v1'])('finds the image named %s', async (name) => {
    const { reader, digests } = createLayout([
      { document: image, annotations: named(name) },
      { document: { other: 1 } },
    ]);
    expect(await reader.resolve('v1', soon())).toBe(digests[0]);
    await expect(reader.resolve('v2', soon())).rejects.toMatchObject({ class: 'not-found' });
  });

  it('takes what cosign saved without names, as long as there is one image', async () => {
    const saved = (kind: string) => ({ kind: `dev.cosignproject.cosign/${kind}` });
    const entries = [
      { document: image, annotations: saved('image') },
      { document: { layers: ['s'] }, annotations: saved('sigs') },
      { document: { layers: ['a'] }, annotations: saved('atts') },
    ];
    const { reader, digests } = createLayout(entries);
    const tag = (suffix: string) => reader.manifest(`${digests[0]?.replace(':', '-')}${suffix}`, soon());
    expect(await reader.resolve('any', soon())).toBe(digests[0]);
    expect((await tag('.sig'))?.digest).toBe(digests[1]);
    expect((await tag('.att'))?.digest).toBe(digests[2]);
    const two = createLayout([...entries, { document: { second: 1 }, annotations: saved('image') }]);
    await expect(two.reader.resolve('any', soon())).rejects.toMatchObject({ class: 'not-found' });
  });

  it('lists what refers to the image by its own word, no more than is allowed', async () => {
    const subject = createLayout([{ document: image }]).digests[0];
    const referrer = (n: number) => ({ document: { n, subject: { digest: subject } } });
    const { reader, digests } = createLayout([{ document: image }, referrer(1), { document: { n: 2 } }, referrer(3)]);
    const found = await reader.referrers(subject ?? '', soon());
    expect(found.map(({ digest }) => digest)).toEqual([digests[1], digests[3]]);
    const many = createLayout([{ document: image }, referrer(1), referrer(2), referrer(3), referrer(4)]);
    await expect(many.reader.referrers(subject ?? '', soon())).rejects.toThrow('more than 3 referrers');
  });

  it('reads the fallback index when nothing else refers', async () => {
    const { reader, put, digests } = createLayout([{ document: image }]);
    const listed = { mediaType, digest: put('{}'), size: 2 };
    const fallback = createLayout([
      { document: image },
      { document: { manifests: [listed] }, annotations: named((digests[0] ?? '').replace(':', '-')) },
    ]);
    expect(await reader.referrers(digests[0] ?? '', soon())).toEqual([]);
    expect(await fallback.reader.referrers(digests[0] ?? '', soon())).toMatchObject([{ digest: listed.digest }]);
  });

  it('believes digests only', async () => {
    const { folder, reader, digests, put } = createLayout([{ document: image, annotations: named('v1') }]);
    const blob = put('evidence');
    expect(Buffer.from(await reader.blob(blob, 100, soon())).toString()).toBe('evidence');
    await expect(reader.blob(blob, 3, soon())).rejects.toThrow('more than 3 bytes');
    writeFileSync(join(folder, 'blobs/sha256', blob.slice(7)), 'tampered');
    await expect(reader.blob(blob, 100, soon())).rejects.toThrow('wrong digest');
    rmSync(join(folder, 'blobs/sha256', blob.slice(7)));
    await expect(reader.blob(blob, 100, soon())).rejects.toThrow('lacks the blob');
    symlinkSync('/dev/zero', join(folder, 'blobs/sha256', blob.slice(7)));
    await expect(reader.blob(blob, 100, soon())).rejects.toMatchObject({ class: 'permanent' });
    writeFileSync(join(folder, 'blobs/sha256', (digests[0] ?? '').slice(7)), '{}');
    await expect(reader.manifest('v1', soon())).rejects.toThrow('wrong digest');
  });

  it('a folder that is none is said to be none', async () => {
    const { folder, reader } = createLayout([]);
    rmSync(join(folder, 'index.json'));
    await expect(reader.resolve('v1', soon())).rejects.toThrow('is no image layout');
    writeFileSync(join(folder, 'index.json'), 'x'.repeat(20_000));
    await expect(reader.resolve('v1', soon())).rejects.toThrow('more than 10000 bytes');
  });
});
