import { gzipSync } from 'node:zlib';
import type { Json } from '@vouchsafe/engine/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTestRepository } from '../../test/tuf-repository.ts';
import { parseImageName } from '../names/image-name.ts';
import { parseChallenges } from '../registry/challenge.ts';
import { findCredential } from '../registry/docker-config.ts';
import { type Manifest, readDescriptor, readDescriptors } from '../registry/manifest.ts';
import { readDsseEnvelope } from '../trust/dsse-envelope.ts';
import { decodeBase64, decodeHex, parseCount, parseJsonObject } from '../trust/encoded-text.ts';
import { readStatement } from '../trust/in-toto-statement.ts';
import { attempt } from '../trust/refusal.ts';
import { parseTrustRoot } from '../trust/trust-root.ts';
import { createTufClient } from '../tuf/tuf-client.ts';
import { TufProblem } from '../tuf/tuf-problem.ts';
import { readSimpleSigning } from './cosign/simple-signing.ts';
import { readArchive } from './manifest/read-archive.ts';
import { unpackMessage } from './manifest/unpack-message.ts';
import { CborError, readCbor, writeCborBytes, writeCborText } from './notary/cbor-reader.ts';
import { readCoseEnvelope } from './notary/cose-envelope.ts';
import { readJwsEnvelope } from './notary/jws-envelope.ts';
import { readBundle } from './sigstore-bundle/bundle.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const runs = { numRuns: 400 };

/** Refusals and the errors of a reader are answers; anything else that is thrown fails the test. */
function answers(read: () => unknown): boolean {
  try {
    return attempt(read).ok;
  } catch (error) {
    if (error instanceof CborError || error instanceof TufProblem) return false;
    throw error;
  }
}

/** Of bytes: each must take or refuse whatever it is given. */
const readers: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
  ['CBOR', readCbor],
  ['COSE', readCoseEnvelope],
  ['JWS', readJwsEnvelope],
  ['bundle', readBundle],
  ['simple signing', (bytes) => readSimpleSigning(bytes, digest)],
  ['JSON', parseJsonObject],
  ['TUF root', (bytes) => createTufClient(bytes, 'trusted_root.json')],
  ['trust root', (bytes) => parseTrustRoot(Buffer.from(bytes).toString('utf8'))],
  ['archive', readArchive],
  ['docker config', (bytes) => findCredential(Buffer.from(bytes).toString('utf8'), 'ghcr.io', 'a/b')],
  ['challenge', (bytes) => parseChallenges([Buffer.from(bytes).toString('latin1')])],
  ['image name', (bytes) => parseImageName(Buffer.from(bytes).toString('utf8'))],
  ['base64', (bytes) => decodeBase64(Buffer.from(bytes).toString('latin1'))],
  ['hexadecimal', (bytes) => decodeHex(Buffer.from(bytes).toString('latin1'))],
];

/** JSON as hostile documents have it: names that mean something to JavaScript, numbers of every kind, deep and wide. */
const names = fc.constantFrom(
  ...[
    '__proto__',
    'constructor',
    'toString',
    'length',
    'signed',
    'signatures',
    'payload',
    'payloadType',
    'sig',
    'keyid',
  ],
  ...[
    'verificationMaterial',
    'tlogEntries',
    'dsseEnvelope',
    'messageSignature',
    'mediaType',
    'certificate',
    'rawBytes',
  ],
  ...['subject', 'digest', 'sha256', 'predicateType', 'layers', 'manifests', 'config', 'size', 'annotations', 'auths'],
  ...[
    'critical',
    'image',
    'docker-manifest-digest',
    'type',
    'protected',
    'header',
    'x5c',
    'tlogs',
    'validFor',
    'start',
  ],
);
const value: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Json>(null, true, 0, -1, 1e308, 2 ** 53, 0.5, '', 'AAAA', digest, '2026-01-01T00:00:00Z'),
    fc.string(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(names, tie('value')), { maxLength: 6 }).map((members) => Object.fromEntries(members)),
  ),
})).value;
const documents = fc.array(fc.tuple(names, value), { maxLength: 8 }).map((members) => Object.fromEntries(members));

describe('readers of what others wrote', () => {
  it.each(readers)('%s: any bytes are taken or refused', (_name, read) => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string().map(Buffer.from)), (bytes) => {
        answers(() => read(bytes));
      }),
      runs,
    );
  });

  it.each(readers)('%s: any JSON is taken or refused', (_name, read) => {
    fc.assert(
      fc.property(documents, (document) => {
        answers(() => read(Buffer.from(JSON.stringify(document))));
      }),
      runs,
    );
  });

  it.each(readers)('%s: nesting without end is taken or refused', (_name, read) => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"signed":', '}'],
      ['\u0081', ''],
      ['\u00d2', ''],
    ] as const) {
      answers(() => read(Buffer.from(open.repeat(100_000) + close.repeat(100_000), 'latin1')));
    }
  });

  it('values of JSON', () => {
    fc.assert(
      fc.property(value, documents, (json, document) => {
        const taken = attempt(() => readDsseEnvelope(json));
        if (taken.ok) answers(() => readStatement(taken.value, digest));
        const payload = Buffer.from(JSON.stringify(document));
        const envelope = { payloadType: '', payload, signatures: [], signedBytes: payload };
        expect(answers(() => readStatement(envelope, digest))).toBe(false);
        readDescriptor(json);
        const manifest: Manifest = { digest, size: 1, document };
        for (const list of ['layers', 'manifests'] as const) {
          for (const one of readDescriptors(manifest, list)) expect(one.size).toBeGreaterThanOrEqual(0);
        }
        const count = parseCount(json);
        expect(count === undefined || Number.isSafeInteger(count)).toBe(true);
      }),
      runs,
    );
  });
});

describe('CBOR', () => {
  /** Honest items, to be bent. */
  const items = fc.letrec<{ item: Buffer }>((tie) => ({
    item: fc.oneof(
      { depthSize: 'small' },
      fc.nat(23).map((number) => Buffer.from([number])),
      fc.string().map(writeCborText),
      fc.uint8Array({ maxLength: 40 }).map(writeCborBytes),
      fc
        .array(tie('item'), { maxLength: 5 })
        .map((list) => Buffer.concat([Buffer.from([0x80 + list.length]), ...list])),
      tie('item').map((item) => Buffer.concat([Buffer.from([0xd2]), item])),
    ),
  })).item;

  it('honest items are read, and read the same wherever they stand in memory', () => {
    fc.assert(
      fc.property(items, fc.uint8Array(), fc.uint8Array(), (item, before, after) => {
        const around = Buffer.concat([before, item, after]);
        const inside = new Uint8Array(around.buffer, around.byteOffset + before.length, item.length);
        expect(readCbor(inside)).toEqual(readCbor(item));
      }),
      runs,
    );
  });

  it('bent, cut and lengthened items are read or refused, and never beyond their end', () => {
    fc.assert(
      fc.property(items, fc.nat(), fc.nat(255), fc.nat(), (item, at, byte, cut) => {
        const bent = Buffer.from(item);
        bent[at % bent.length] = byte;
        answers(() => readCbor(bent));
        answers(() => readCoseEnvelope(bent));
        const end = cut % item.length;
        const around = Buffer.concat([item.subarray(0, end), Buffer.alloc(64, 0x01)]);
        expect(answers(() => readCbor(around.subarray(0, end)))).toBe(false);
      }),
      runs,
    );
  });

  it.each([
    ['a list of four billion', '9affffffff'],
    ['a map of eight thousand million million', 'bb001fffffffffffff'],
    ['bytes of four billion', '5affffffff'],
    ['a list that never says its length', '9f01'],
    ['lists in lists', '81'.repeat(40)],
    ['a thousand lists of a thousand', `9903e8${'9903e8'.repeat(1000)}`],
  ])('%s is refused', (_name, hex) => {
    expect(answers(() => readCbor(Buffer.from(hex, 'hex')))).toBe(false);
  });
});

describe('documents that were honest once', () => {
  const root = createTestRepository('{}').firstRoot;
  const message = gzipSync('apiVersion: v1\nkind: ConfigMap\n');

  it('are taken or refused with any byte changed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), (at, byte) => {
        for (const honest of [root, message]) {
          const bent = Buffer.from(honest);
          bent[at % bent.length] = byte;
          const isSame = bent.equals(honest);
          if (honest === root) {
            const taken = answers(() => createTufClient(bent, 'trusted_root.json'));
            if (isSame) expect(taken).toBe(true);
          } else answers(() => unpackMessage(bent.toString('base64')));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('a signed message that unpacks to a gigabyte is refused', () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024)).toString('base64');
    expect(answers(() => unpackMessage(bomb))).toBe(false);
  });
});
