import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Attestor, CertificateAttestor } from '@vouchsafe/engine/facts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool } from '../../../../../tools/tool-paths.ts';
import { imprintOf } from '../../../../sandbox/src/sigstore/timestamp-authority.ts';
import {
  attachReferrer,
  createNotaryKeys,
  type NotaryDefects,
  type NotaryKey,
  signNotary,
} from '../../../test/notary-signer.ts';
import { byKey, createKey, pushFresh, type Rig, refusalOf, requestFor, startRig, verify } from '../../../test/rig.ts';
import { attempt } from '../../trust/refusal.ts';
import { CborError, readCbor } from './cbor-reader.ts';
import { readCoseEnvelope } from './cose-envelope.ts';
import { readJwsEnvelope } from './jws-envelope.ts';

const type = 'Notary' as const;
const { root, signer } = createNotaryKeys();
let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const by = (certificates: CertificateAttestor): Attestor => ({ certificates });
const hour = 3_600_000;

interface Attempt {
  key?: NotaryKey;
  format?: 'jws' | 'cose';
  annotations?: Record<string, string>;
  defects?: NotaryDefects;
}

async function tryNotary({ key = signer, ...signing }: Attempt, attestor: Attestor = by({ cert: root })) {
  const { repository, digest, reference } = pushFresh(rig.registry);
  signNotary({ registry: rig.registry, repository, digest, key, ...signing });
  return refusalOf(await verify(rig.source, requestFor(reference, attestor, { type })));
}

describe.each(['jws', 'cose'] as const)('a Notary signature (%s)', (format) => {
  it.each(['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'rsa-2048'] as const)(
    'by a %s key is verified',
    async (algorithm) => {
      const keys = createNotaryKeys(algorithm);
      expect(await tryNotary({ key: keys.signer, format }, by({ cert: keys.root }))).toEqual({
        reason: 'verified',
        message: '',
      });
    },
  );

  it('is verified by the certificate itself, or by a chain', async () => {
    expect((await tryNotary({ format }, by({ cert: signer.pem }))).reason).toBe('verified');
    expect((await tryNotary({ format }, by({ certChain: root }))).reason).toBe('verified');
    expect((await tryNotary({ format, defects: { expiry: new Date(Date.now() + hour) } })).reason).toBe('verified');
  });

  it.each<[string, NotaryDefects, string, string]>([
    ['about another image', { digest: `sha256:${'0'.repeat(64)}` }, 'bad-signature', 'another image'],
    ['about another kind of thing', { mediaType: 'text/plain' }, 'bad-signature', 'media type differs'],
    ['about another size', { size: 1 }, 'bad-signature', 'size differs'],
    ['tampered with', { isTampered: true }, 'bad-signature', 'not made by the key'],
    ['of another payload type', { contentType: 'text/plain' }, 'bad-signature', 'its payload is'],
    ['of another scheme', { scheme: 'notary.x509.signingAuthority' }, 'bad-signature', 'is not trusted'],
    ['with a scheme that is not critical', { critical: [] }, 'bad-signature', 'not critical'],
    [
      'with an unknown critical attribute',
      { critical: ['io.cncf.notary.signingScheme', 'io.evil'] },
      'bad-signature',
      'io.evil',
    ],
    [
      'that needs a plugin',
      { critical: ['io.cncf.notary.signingScheme', 'io.cncf.notary.verificationPlugin'] },
      'bad-signature',
      'not understood',
    ],
    ['that expired', { expiry: new Date(Date.now() - hour) }, 'certificate-time', 'the signature expired'],
    ['with an algorithm of another key', { algorithm: 'PS256' }, 'bad-signature', 'not made by the key'],
    ['with another curve', { algorithm: 'ES384' }, 'bad-signature', 'not made by the key'],
    ['with no algorithm', { algorithm: 'none' }, 'bad-signature', 'algorithm is unknown'],
    ['with HMAC', { algorithm: 'HS256' }, 'bad-signature', 'algorithm is unknown'],
    ['without certificates', { certificates: [] }, 'bad-signature', 'no certificates'],
    ['with a garbage certificate', { certificates: [Buffer.from('x')] }, 'certificate-chain', 'cannot be read'],
  ])('%s is refused', async (_name, defects, reason, text) => {
    expect(await tryNotary({ format, defects })).toMatchObject({ reason, message: expect.stringContaining(text) });
  });

  it('of other certificates is refused', async () => {
    expect((await tryNotary({ format }, by({ cert: createNotaryKeys().root }))).reason).toBe('certificate-chain');
    const expired = createNotaryKeys('ecdsa-p256', { notAfter: new Date(Date.now() - 1000) });
    expect((await tryNotary({ format, key: expired.signer }, by({ cert: expired.root }))).reason).toBe(
      'certificate-time',
    );
    const server = createNotaryKeys('ecdsa-p256', { extendedKeyUsages: ['serverAuth'] });
    expect((await tryNotary({ format, key: server.signer }, by({ cert: server.root }))).reason).toBe(
      'certificate-chain',
    );
    const unstated = createNotaryKeys('ecdsa-p256', { extendedKeyUsages: [] });
    expect((await tryNotary({ format, key: unstated.signer }, by({ cert: unstated.root }))).reason).toBe('verified');
  });

  it('of an expired certificate holds where a trusted time stamp says when it was made', async () => {
    const made = new Date(Date.now() - 1800_000);
    const old = createNotaryKeys('ecdsa-p256', { notAfter: new Date(Date.now() - 1000) });
    const timeStamp = (signature: Uint8Array) =>
      rig.sigstore.services.timestamp({ messageImprint: imprintOf(signature), includeCertificate: true }, made);
    const stamped = by({ cert: old.root, ctlog: { tsaCertChain: rig.sigstore.pem.timestampChain } });
    expect((await tryNotary({ format, key: old.signer, defects: { timeStamp } }, stamped)).reason).toBe('verified');
    expect((await tryNotary({ format, key: old.signer }, stamped)).reason).toBe('certificate-time');
    const ofOther = (signature: Uint8Array) => timeStamp(Buffer.concat([signature, signature]));
    const refusal = await tryNotary({ format, key: old.signer, defects: { timeStamp: ofOther } }, stamped);
    expect(refusal).toMatchObject({ reason: 'certificate-time', message: expect.stringContaining('other data') });
  });

  it('has its annotations checked', async () => {
    const annotations = { env: 'prod' };
    expect((await tryNotary({ format, annotations }, { ...by({ cert: root }), annotations })).reason).toBe('verified');
    const refusal = await tryNotary({ format, annotations }, { ...by({ cert: root }), annotations: { env: 'dev' } });
    expect(refusal.reason).toBe('annotation-mismatch');
  });
});

describe('Notary', () => {
  it('is verified by certificates only', async () => {
    expect((await tryNotary({}, byKey(createKey().publicKey))).reason).toBe('invalid-attestor');
    expect((await tryNotary({}, { keyless: { subject: '*', issuer: '*' } })).reason).toBe('invalid-attestor');
  });

  it('finds nothing where nothing is, and names other formats', async () => {
    const image = pushFresh(rig.registry);
    const result = await verify(rig.source, requestFor(image.reference, by({ cert: root }), { type }));
    expect(refusalOf(result).reason).toBe('unsigned');
    const signed = pushFresh(rig.registry);
    signNotary({ registry: rig.registry, ...signed, key: signer });
    const other = await verify(rig.source, requestFor(signed.reference, byKey(createKey().publicKey)));
    expect(refusalOf(other)).toMatchObject({ reason: 'other-format', message: expect.stringContaining('Notary') });
  });

  it('a dozen signatures of strangers do not hide a good one', async () => {
    const { registry } = rig;
    const { repository, digest, reference } = pushFresh(registry);
    for (let index = 0; index < 12; index += 1) {
      signNotary({ registry, repository, digest, key: createNotaryKeys().signer });
    }
    signNotary({ registry, repository, digest, key: signer });
    const result = await verify(rig.source, requestFor(reference, by({ certChain: root }), { type }));
    expect(result.verified).toBe(true);
  });

  it('attestations are other referrers with signatures of their own', async () => {
    const { registry } = rig;
    const { repository, digest, reference } = pushFresh(registry);
    const artifactType = 'application/vnd.cyclonedx+json';
    const parts = { configType: 'application/vnd.oci.empty.v1+json', layerType: artifactType, artifactType };
    const attach = (predicate: object) =>
      attachReferrer(registry, repository, digest, { ...parts, blob: Buffer.from(JSON.stringify(predicate)) });
    const signed = attach({ components: [1] });
    signNotary({ registry, repository, digest: signed.digest, key: signer });
    attach({ components: ['unsigned'] });
    const evil = attach({ components: ['evil'] });
    signNotary({ registry, repository, digest: evil.digest, key: createNotaryKeys().signer });
    const wanting = (predicate: string) =>
      requestFor(reference, [], {
        type,
        attestations: [{ type: predicate, attestors: [{ entries: [by({ cert: root })] }] }],
      });
    const result = await verify(rig.source, wanting(artifactType));
    expect(result.verified).toBe(true);
    expect(result.attestations[0]?.statements.map((one) => one['predicate'])).toEqual([{ components: [1] }]);
    expect(result.attestations[0]?.statements[0]).toMatchObject({ type: artifactType, artifactType });
    expect((await verify(rig.source, wanting('application/other'))).verified).toBe(false);
  });

  it('readers refuse whatever they are given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.json(), (bytes, json) => {
        try {
          readCbor(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(CborError);
        }
        expect(attempt(() => readCoseEnvelope(bytes)).ok).toBe(false);
        expect(attempt(() => readCoseEnvelope(Buffer.concat([Buffer.from([0xd2, 0x84]), bytes]))).ok).toBe(false);
        expect(attempt(() => readJwsEnvelope(Buffer.from(json))).ok).toBe(false);
      }),
    );
    const deep = Buffer.alloc(1000, 0x81);
    expect(() => readCbor(deep)).toThrow('nested too deeply');
    expect(() => readCbor(Buffer.from('9affffffff', 'hex'))).toThrow('too many items');
    expect(() => readCbor(Buffer.from('a201010102', 'hex'))).toThrow('appears twice');
  });
});

const notation = findTool('notation');

describe.skipIf('missing' in notation)('what real notation writes', () => {
  it.each(['jws', 'cose'] as const)('%s is verified', async (format) => {
    if ('missing' in notation) return;
    const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-notation-'));
    try {
      const config = join(folder, 'notation');
      mkdirSync(config);
      const paths = { keyPath: join(folder, 'key.pem'), certPath: join(folder, 'chain.pem') };
      writeFileSync(paths.keyPath, signer.privateKey.export({ type: 'pkcs8', format: 'pem' }));
      writeFileSync(paths.certPath, signer.chain);
      writeFileSync(
        join(config, 'signingkeys.json'),
        JSON.stringify({ default: 'k', keys: [{ name: 'k', ...paths }] }),
      );
      const image = pushFresh(rig.registry);
      const reference = `${rig.registry.host}/${image.repository}@${image.digest}`;
      const args = [
        'sign',
        '--insecure-registry',
        '--signature-format',
        format,
        '--expiry',
        '24h',
        '-m',
        'env=prod',
        reference,
      ];
      const env = { XDG_CONFIG_HOME: folder, HOME: folder };
      await promisify(execFile)(notation.path, args, { env, timeout: 15_000 });
      const attestor = { ...by({ cert: root }), annotations: { env: 'prod' } };
      expect(refusalOf(await verify(rig.source, requestFor(image.reference, attestor, { type }))).reason).toBe(
        'verified',
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
