import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImageCatalogue } from './image-catalogue.ts';
import { startOutsideGuard } from './outside-guard.ts';
import { pemFingerprint, replacePems } from './pem-blocks.ts';
import { type StandIns, startStandIns } from './start-stand-ins.ts';
import { copySuites } from './working-copy.ts';

// Of the project whose images are in the catalogue.
const REAL = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8nXRh950IZbRj8Ra/N9sbqOPZrfM
5/KAQN0/KjHcorm/J5yctVd7iEcnessRQjU917hmKO6JWVGHpDguIyakZA==
-----END PUBLIC KEY-----`;
const FINGERPRINT = 'public-key-82500a91b115';

describe('PEM texts', () => {
  const other = generateKeyPair('ecdsa-p256').publicKeyPem.trim();
  const replaced = (text: string) => replacePems(text, (one) => (one === FINGERPRINT ? other : undefined));
  const escaped = (pem: string) => JSON.stringify(pem);
  const indented = (pem: string) => `keys: |-\n${pem.replace(/^/gm, '      ')}\nnext: 1\n`;
  const folded = (pem: string) => pem.replaceAll('\n', ' ');
  const encoded = (pem: string) => `cosign.pub: ${Buffer.from(pem).toString('base64')}\n`;

  it.each<[string, (pem: string) => string]>([
    ['as they are', (pem) => pem],
    ['indented', indented],
    ['escaped', escaped],
    ['folded', folded],
    ['in base64', encoded],
  ])('%s are replaced, and stay so', (_, written) => {
    expect(replaced(written(REAL))).toBe(written(other));
  });

  it('of others are left alone', () => {
    const foreign = indented(generateKeyPair('ecdsa-p256').publicKeyPem.trim());
    expect(replaced(foreign)).toBe(foreign);
  });

  it('have one fingerprint however they are laid out', () => {
    const layouts = [REAL, folded(REAL), escaped(REAL), indented(REAL)];
    expect(new Set(layouts.map(pemFingerprint))).toEqual(new Set([FINGERPRINT]));
  });
});

describe('stand-ins', () => {
  let standIns: StandIns;
  const get = (path: string) => fetch(`${standIns.mirrors['ghcr.io']}`.replace('/ghcr.io', `/v2/ghcr.io/${path}`));

  beforeAll(async () => {
    standIns = await startStandIns(readImageCatalogue());
  });
  afterAll(() => standIns.stop());

  it('have digests of their own, which documents name afterwards', async () => {
    const zulu = 'kyverno/zulu:v0.0.14@sha256:476b21f1a75dc90fac3579ee757f4607bb5546f476195cf645c54badf558c0db';
    const [, digest] = standIns.rewrite(zulu).split('@');
    expect(digest).not.toBe(zulu.split('@')[1]);
    expect((await get('kyverno/zulu/manifests/v0.0.14')).headers.get('docker-content-digest')).toBe(digest);
  });

  it('leave digests alone that nobody knows', () => {
    expect(standIns.rewrite(`x@sha256:${'1'.repeat(64)}`)).toBe(`x@sha256:${'1'.repeat(64)}`);
  });

  it('tell of what they are no stand-ins for', async () => {
    standIns.unknownImages();
    for (const path of ['kyverno/zulu/manifests/v9', 'kyverno/zulu/manifests/sha256-00.sig', 'nobody/x/manifests/1'])
      expect((await get(path)).status).toBe(404);
    await get('kyverno/zulu/manifests/latest');
    expect(standIns.unknownImages()).toEqual(['ghcr.io/kyverno/zulu:v9', 'ghcr.io/nobody/x:1']);
    expect(standIns.unknownImages()).toEqual([]);
  });
});

it('nobody gets outside', async () => {
  const guard = await startOutsideGuard();
  const answer = await fetch(guard.environment['HTTP_PROXY'] ?? '');
  expect(answer.status).toBe(502);
  expect(guard.hosts()).toHaveLength(1);
  expect(guard.hosts()).toEqual([]);
  await guard.stop();
});

it('a working copy has the suite, what stands above it, and no other suites', () => {
  const [corpus, copy] = ['corpus-', 'copy-'].map((name) => mkdtempSync(join(tmpdir(), name))) as [string, string];
  const files = ['a/b/suite/test.yaml', 'a/b/policy.yaml', 'a/b/other/test.yaml', 'a/_steps/ready.yaml', 'a/run.sh'];
  for (const file of files) {
    mkdirSync(dirname(join(corpus, file)), { recursive: true });
    writeFileSync(join(corpus, file), 'real');
  }
  copySuites(corpus, copy, ['a/b/suite/test.yaml'], (text) => text.replace('real', 'stand-in'));
  const copied = files.map((file) => {
    try {
      return readFileSync(join(copy, file), 'utf8');
    } catch {
      return 'none';
    }
  });
  expect(copied).toEqual(['stand-in', 'stand-in', 'none', 'stand-in', 'real']);
});
