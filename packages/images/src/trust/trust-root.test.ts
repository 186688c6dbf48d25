import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import publicGood from './data/public-good-trusted-root.json' with { type: 'json' };
import { readTrustRoot } from './read-trust-root.ts';
import { deferTrustRoot, parseTrustRoot, publicGoodTrustRoot } from './trust-root.ts';

/** The public-good document with one change. */
function changed(change: (document: Record<string, never>) => void): string {
  const document = JSON.parse(JSON.stringify(publicGood));
  change(document);
  return JSON.stringify(document);
}

describe('the built-in trust root', () => {
  it('has the logs and authorities of the public-good instance', () => {
    const root = publicGoodTrustRoot();
    const [first, second] = root.transparencyLogs;
    expect(first?.noteKey).toBeUndefined();
    const named = Buffer.concat([Buffer.from('log2025-1.rekor.sigstore.dev'), second?.noteKey ?? Buffer.of()]);
    expect(createHash('sha256').update(named).digest()).toEqual(second?.id);
    expect(root.transparencyLogs[0]?.id.toString('hex')).toBe(
      'c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d',
    );
    expect(root.certificateLogs).toHaveLength(2);
    expect(root.certificateAuthorities).toHaveLength(2);
    expect(root.certificateAuthorities[1]).toMatchObject({ allowsLeafAnchor: false });
    expect(root.certificateAuthorities[1]?.anchors[0]?.subject.commonName).toBe('sigstore');
    expect(root.timeStampAuthorities).toHaveLength(1);
    expect(publicGoodTrustRoot()).toBe(root);
  });
});

describe('parseTrustRoot', () => {
  it.each<[string, (document: never) => void, string]>([
    [
      'a log without a start',
      (d: { tlogs: { publicKey: { validFor: object } }[] }) => {
        d.tlogs[1] = { ...d.tlogs[1], publicKey: { ...d.tlogs[1]?.publicKey, validFor: {} } } as never;
      },
      'tlogs[1].publicKey.validFor.start',
    ],
    [
      'an authority without a start',
      (d: { certificateAuthorities: { validFor?: object }[] }) => {
        delete d.certificateAuthorities[0]?.validFor;
      },
      'certificateAuthorities[0].validFor.start',
    ],
    [
      'a key that is none',
      (d: { ctlogs: { publicKey: { rawBytes: string } }[] }) => {
        if (d.ctlogs[0]) d.ctlogs[0].publicKey.rawBytes = 'AAAA';
      },
      'ctlogs[0].publicKey',
    ],
    [
      'an empty chain',
      (d: { timestampAuthorities: { certChain: object }[] }) => {
        if (d.timestampAuthorities[0]) d.timestampAuthorities[0].certChain = { certificates: [] };
      },
      'timestampAuthorities[0].certChain',
    ],
    [
      'a list that is none',
      (d: { tlogs: unknown }) => {
        d.tlogs = {};
      },
      '`tlogs` is not a list',
    ],
  ] as [string, (document: never) => void, string][])('refuses %s, naming it', (_name, change, text) => {
    const result = parseTrustRoot(changed(change as (document: Record<string, never>) => void));
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining(text) });
  });

  it('refuses text that is no object, and too much of it', () => {
    expect(parseTrustRoot('[]').ok).toBe(false);
    expect(parseTrustRoot(`{"x":"${'a'.repeat(2 ** 20)}"}`)).toMatchObject({
      ok: false,
      message: expect.stringContaining('at most'),
    });
  });

  it('names its content by a hash', () => {
    const first = parseTrustRoot(JSON.stringify(publicGood));
    const second = parseTrustRoot(JSON.stringify({ ...publicGood, tlogs: [] }));
    expect(first.ok && second.ok && first.root.hash !== second.root.hash).toBe(true);
  });
});

describe('readTrustRoot', () => {
  it('reads a file, or says what is wrong with it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-root-'));
    try {
      const path = join(folder, 'trusted_root.json');
      expect(await readTrustRoot(path)).toMatchObject({ ok: false, message: expect.stringContaining('ENOENT') });
      writeFileSync(path, JSON.stringify(publicGood));
      expect((await readTrustRoot(path)).ok).toBe(true);
      writeFileSync(path, '{'.repeat(10));
      expect((await readTrustRoot(path)).ok).toBe(false);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a trust root that is read when it is asked for', () => {
  it('is the same', () => {
    const text = JSON.stringify(publicGood);
    const parsed = parseTrustRoot(text);
    if (!parsed.ok) throw new Error(parsed.message);
    const deferred = deferTrustRoot(text);
    expect(deferred.hash).toBe(parsed.root.hash);
    expect(deferred.transparencyLogs.map(({ id }) => id)).toEqual(parsed.root.transparencyLogs.map(({ id }) => id));
    expect(deferred.certificateAuthorities).toBe(deferred.certificateAuthorities);
  });

  it('is refused by whoever needs a part of it when it is malformed', () => {
    const root = deferTrustRoot('{"tlogs":1}');
    expect(root.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(() => root.timeStampAuthorities).toThrow('malformed trust root');
  });
});
