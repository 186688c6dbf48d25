import { sign } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Attestor, AttestorSet, ManifestSignature, ManifestVerification } from '@vouchsafe/engine/facts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logToRekor } from '../../../sandbox/src/sigstore/log-evidence.ts';
import { createKeylessSigner, signBytes } from '../../../sandbox/src/sigstore/signer-key.ts';
import { createKey, type Rig, startRig } from '../../test/rig.ts';
import { createManifestSource } from './manifest-source.ts';

const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n';
const issuer = 'https://token.actions.githubusercontent.com';
const subject = 'https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main';
const key = createKey();
const other = createKey();
let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const pack = (bytes: string | Uint8Array): string => gzipSync(bytes).toString('base64');

function signed(bytes: string | Uint8Array = text, by = key.privateKey): ManifestSignature {
  return { message: pack(bytes), signature: sign('sha256', Buffer.from(bytes), by).toString('base64') };
}

/** A signature by a certificate of the test's authority, logged; as `kubectl sigstore sign` without a key. */
function signedKeyless(log = true): ManifestSignature {
  const { services } = rig.sigstore;
  const bytes = Buffer.from(text);
  const signer = createKeylessSigner(services, rig.sigstore.identityClaims({ issuer, subject }), 'ecdsa-p256', {});
  const signature = signBytes(signer, bytes, 'sha256');
  const document = { payload: bytes, signed: bytes, signature, signatureText: signature.toString('base64') };
  const entry = logToRekor(services, { signer, document, hash: 'sha256' }, 'hashedrekord');
  if (!entry) throw new Error('no entry');
  const { body, integratedTime, logIndex, logID, verification } = entry;
  const bundle = {
    SignedEntryTimestamp: verification.signedEntryTimestamp,
    Payload: { body, integratedTime, logIndex, logID },
  };
  return {
    message: pack(text),
    signature: document.signatureText,
    certificate: pack(signer.certificate?.pem ?? ''),
    ...(log ? { bundle: pack(JSON.stringify(bundle)) } : {}),
  };
}

const byKey = (publicKeys: string, more: Attestor = {}): Attestor => ({ ...more, keys: { publicKeys } });
const setOf = (...entries: readonly Attestor[]): AttestorSet => ({ entries });

async function judge(
  signatures: readonly ManifestSignature[],
  attestors: readonly AttestorSet[],
  annotations: Readonly<Record<string, string>> = {},
): Promise<ManifestVerification> {
  const source = createManifestSource({ trustRoot: rig.trustRoot });
  const [fact] = await source.fetch([{ kind: 'manifest-verification', signatures, attestors, annotations }], undefined);
  if (!fact?.ok) throw new Error(fact?.message ?? 'no fact');
  return fact.value as ManifestVerification;
}

function firstReason({ sets }: ManifestVerification): string {
  return sets[0]?.entries.flatMap(({ failures }) => failures)[0]?.message ?? '';
}

describe('signatures of manifests', () => {
  it.each<[string, () => readonly ManifestSignature[], AttestorSet]>([
    ['by the key', () => [signed()], setOf(byKey(key.publicKey))],
    ['one of two signatures', () => [signed(text, other.privateKey), signed()], setOf(byKey(key.publicKey))],
    [
      'both keys',
      () => [signed(text, other.privateKey), signed()],
      setOf(byKey(key.publicKey), byKey(other.publicKey)),
    ],
    ['one of two keys', () => [signed()], { ...setOf(byKey(key.publicKey), byKey(other.publicKey)), count: 1 }],
    ['keyless', () => [signedKeyless()], setOf({ keyless: { issuer, subject } })],
    ['a nested set', () => [signed()], setOf({ attestor: setOf(byKey(key.publicKey)) })],
  ])('hold: %s', async (_what, signatures, set) => {
    expect(await judge(signatures(), [set])).toMatchObject({ verified: true });
  });

  it('by an Ed25519 key: a bad one does not hide a good one', async () => {
    const ed25519 = createKey('ed25519');
    const good = {
      message: pack(text),
      signature: sign(null, Buffer.from(text), ed25519.privateKey).toString('base64'),
    };
    const bad = { ...good, signature: Buffer.alloc(64, 1).toString('base64') };
    const set = setOf(byKey(ed25519.publicKey));
    const refused = await judge([bad], [set]);
    expect([refused.verified, firstReason(refused)]).toEqual([false, 'the signature was not made by the key']);
    expect(await judge([bad, good], [set])).toMatchObject({ verified: true });
  });

  it.each<[string, () => readonly ManifestSignature[], AttestorSet, string]>([
    ['by another key', () => [signed(text, other.privateKey)], setOf(byKey(key.publicKey)), 'not made by the key'],
    [
      'of another message',
      () => [{ ...signed(), message: pack(`${text} `) }],
      setOf(byKey(key.publicKey)),
      'not made by the key',
    ],
    ['none', () => [], setOf(byKey(key.publicKey)), 'no signatures found'],
    ['two keys, one signature', () => [signed()], setOf(byKey(key.publicKey), byKey(other.publicKey)), 'not made by'],
    ['a message that is no gzip', () => [{ ...signed(), message: 'AAAA' }], setOf(byKey(key.publicKey)), 'not gzip'],
    ['a message that is no base64', () => [{ ...signed(), message: '!' }], setOf(byKey(key.publicKey)), 'not base64'],
    [
      'a message that unpacks to gigabytes',
      () => [signed(Buffer.alloc(64 * 1024 * 1024))],
      setOf(byKey(key.publicKey)),
      'larger than',
    ],
    ['a set without entries', () => [signed()], setOf(), 'an entry is required'],
    ['a key that is none', () => [signed()], setOf(byKey('-----BEGIN NOTHING-----')), ''],
    ['a key in a Secret nobody reads', () => [signed()], setOf(byKey('k8s://ns/key')), 'cannot be read here'],
    ['a bare key where an identity is wanted', () => [signed()], setOf({ keyless: { issuer, subject } }), 'bare key'],
    [
      'another identity',
      () => [signedKeyless()],
      setOf({ keyless: { issuer, subject: 'https://github.com/evil/*' } }),
      'subject',
    ],
    ['keyless without a log', () => [signedKeyless(false)], setOf({ keyless: { issuer, subject } }), 'log entry'],
    [
      'a log entry that is garbage',
      () => [{ ...signedKeyless(), bundle: pack('{"Payload": 1}') }],
      setOf({ keyless: { issuer, subject } }),
      'malformed',
    ],
    [
      'a log that the policy insists on',
      () => [signed()],
      setOf({ keys: { publicKeys: key.publicKey, rekor: { ignoreTlog: false } } }),
      'no transparency log entry',
    ],
    ['a registry to look in', () => [signed()], setOf(byKey(key.publicKey, { repository: 'r/x' })), 'repository'],
  ])('refused: %s', async (_what, signatures, set, reason) => {
    const answer = await judge(signatures(), [set]);
    expect(answer.verified).toBe(false);
    expect(firstReason(answer)).toContain(reason);
  });

  it('needs all sets', async () => {
    const answer = await judge([signed()], [setOf(byKey(key.publicKey)), setOf(byKey(other.publicKey))]);
    expect(answer.verified).toBe(false);
    expect(answer.sets.map(({ verifiedCount }) => verifiedCount)).toEqual([1, 0]);
  });

  it('compares the annotations an attestor asks for', async () => {
    const attestors = [setOf(byKey(key.publicKey, { annotations: { env: 'prod' } }))];
    expect((await judge([signed()], attestors, { env: 'prod' })).verified).toBe(true);
    expect(firstReason(await judge([signed()], attestors, { env: 'dev' }))).toContain('annotations mismatch');
    expect(firstReason(await judge([signed()], attestors, {}))).toContain('annotations mismatch');
  });
});

describe('messages', () => {
  const unpack = (message: string) =>
    createManifestSource({ trustRoot: rig.trustRoot }).fetch([{ kind: 'signed-message', message }], undefined);

  /** A tar archive with these files. */
  function archive(files: readonly string[]): Buffer {
    const blocks = files.flatMap((content) => {
      const header = Buffer.alloc(512);
      header.write('file.yaml', 0);
      header.write(Buffer.byteLength(content).toString(8).padStart(11, '0'), 124);
      header.write('0', 156);
      const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
      body.write(content);
      return [header, body];
    });
    return Buffer.concat([...blocks, Buffer.alloc(1024)]);
  }

  it.each<[string, () => string, readonly string[]]>([
    ['a manifest', () => pack(text), [text]],
    ['an archive of manifests', () => pack(gzipSync(archive([text, 'b: 1\n']))), [text, 'b: 1\n']],
    ['an archive that ends early', () => pack(gzipSync(archive([text]).subarray(0, 520))), []],
    ['an archive of noise', () => pack(gzipSync(Buffer.alloc(2048, 7))), []],
  ])('%s', async (_what, message, manifests) => {
    expect(await unpack(message())).toEqual([{ ok: true, value: { manifests } }]);
  });

  it('one that cannot be unpacked is a permanent failure', async () => {
    expect(await unpack('AAAA')).toMatchObject([{ ok: false, class: 'permanent' }]);
  });
});

it('the source of images answers the same', async () => {
  const message = pack(text);
  const attestors = [setOf(byKey(key.publicKey))];
  const facts = await rig.source.fetch(
    [
      { kind: 'signed-message', message },
      { kind: 'manifest-verification', signatures: [signed()], attestors, annotations: {} },
    ],
    undefined,
  );
  expect(facts).toMatchObject([
    { ok: true, value: { manifests: [text] } },
    { ok: true, value: { verified: true } },
  ]);
});
