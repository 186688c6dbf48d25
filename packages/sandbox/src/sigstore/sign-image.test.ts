import { createHash, type KeyObject, verify } from 'node:crypto';
import { extensionOids, generateKeyPair, parseCertificate, verifyIssued } from '@vouchsafe/kube/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushImage } from '../registry/push-image.ts';
import { type Registry, startRegistry } from '../registry/start-registry.ts';
import { canonicalJson } from './canonical-json.ts';
import type { TransparencyLogEntry } from './rekor-v2.ts';
import { type SignedImage, type SignKeylessOptions, signKeyless, signWithKey } from './sign-image.ts';
import type { SignatureDefects } from './signature-defects.ts';
import { preAuthenticationEncoding } from './signed-document.ts';
import { type Sigstore, startSigstore } from './start-sigstore.ts';

let registry: Registry;
let sigstore: Sigstore;
beforeAll(async () => {
  [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
});
afterAll(() => Promise.all([registry.stop(), sigstore.stop()]));

let counter = 0;
function newImage() {
  counter += 1;
  return pushImage(registry, `app-${counter}:v1`, { labels: { counter: String(counter) } });
}

/** A manifest as stored, in the shape signatures have. */
interface StoredSignature {
  artifactType?: string;
  config: { mediaType: string };
  layers: { mediaType: string; digest: string; annotations?: Record<string, string> }[];
  subject?: { digest: string };
  annotations?: Record<string, string>;
}

function manifestOf(signed: SignedImage): StoredSignature {
  const found = registry.content.manifest(signed.repository, signed.manifestDigest);
  return JSON.parse(found?.manifest.bytes.toString() ?? '{}') as StoredSignature;
}

function layerOf(signed: SignedImage): Buffer {
  return registry.content.blob(signed.repository, signed.layerDigest) ?? Buffer.alloc(0);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('legacy signatures', () => {
  it('by key: simple signing under the .sig tag, appended', () => {
    const key = generateKeyPair('ecdsa-p256');
    const { image, repository, digest } = newImage();
    const first = signWithKey({ registry, image, key: key.privateKeyPem, annotations: { env: 'prod' } });
    expect(first.tag).toBe(`${digest.replace(':', '-')}.sig`);
    expect(JSON.parse(layerOf(first).toString())).toEqual({
      critical: {
        identity: { 'docker-reference': `${registry.host}/${repository}` },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
      },
      optional: { env: 'prod' },
    });
    const [layer] = manifestOf(first).layers;
    expect(Object.keys(layer?.annotations ?? {})).toEqual(['dev.cosignproject.cosign/signature']);
    const signature = Buffer.from(layer?.annotations?.['dev.cosignproject.cosign/signature'] ?? '', 'base64');
    expect(verify('sha256', layerOf(first), key.publicKey, signature)).toBe(true);
    const second = signWithKey({ registry, image: `${registry.host}/${repository}@${digest}`, key: key.privateKey });
    expect(manifestOf(second).layers).toHaveLength(2);
    expect(JSON.parse(layerOf(second).toString()).optional).toBeNull();
  });

  it('of a missing image throw', () => {
    const { privateKey: key } = generateKeyPair('ecdsa-p256');
    expect(() => signWithKey({ registry, image: 'nothing:v1', key })).toThrow('no image `nothing:v1`');
  });
});

describe('bundles', () => {
  it('refer to the image, as cosign 3 writes them', () => {
    const { image, digest } = newImage();
    const signed = signKeyless({ registry, image, sigstore, format: 'bundle', annotations: { team: 'blue' } });
    const manifest = manifestOf(signed);
    expect(manifest).toMatchObject({
      artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      config: { mediaType: 'application/vnd.oci.empty.v1+json' },
      subject: { digest },
      annotations: {
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
      },
    });
    const bundle = readBundle(signed);
    expect(JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString())).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: digest.slice(7) }, annotations: { team: 'blue' } }],
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      predicate: {},
    });
    expect(bundle.verificationMaterial.tlogEntries?.[0]?.kindVersion).toEqual({ kind: 'dsse', version: '0.0.1' });
    expect(bundle.verificationMaterial.timestampVerificationData).toBeUndefined();
  });

  it('leave zero values out, as protojson does', async () => {
    const fresh = await startSigstore();
    const options = { registry, image: newImage().image, sigstore: fresh, format: 'bundle', log: 'v2' } as const;
    const [entry] = readBundle(signKeyless(options)).verificationMaterial.tlogEntries ?? [];
    const [next] = readBundle(signKeyless(options)).verificationMaterial.tlogEntries ?? [];
    await fresh.stop();
    expect(entry).not.toHaveProperty('logIndex');
    expect(Object.keys(entry?.inclusionProof ?? {})).toEqual(['rootHash', 'treeSize', 'checkpoint']);
    expect([next?.logIndex, next?.inclusionProof?.logIndex, next?.inclusionProof?.hashes?.length]).toEqual([
      '1',
      '1',
      1,
    ]);
  });

  it('name a public key by its hint', () => {
    const key = generateKeyPair('ecdsa-p384');
    const signed = signWithKey({ registry, image: newImage().image, key: key.privateKey, format: 'bundle' });
    const spki = key.publicKey.export({ type: 'spki', format: 'der' });
    const hint = createHash('sha256').update(spki).digest('base64');
    const { verificationMaterial, dsseEnvelope } = readBundle(signed);
    expect(verificationMaterial).toEqual({ publicKey: { hint } });
    expect(verifyEnvelope(dsseEnvelope, key.publicKey, 'sha384')).toBe(true);
  });

  it.each([
    ['tag-as-cosign' as const, { artifactType: 'application/vnd.oci.empty.v1+json' }],
    [
      'tag-as-oras' as const,
      { artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json', annotations: expect.anything() },
    ],
  ])('are listed under the fallback tag (%s)', (referrers, expected) => {
    const { image, repository, digest } = newImage();
    const { privateKey: key } = generateKeyPair('ecdsa-p256');
    const signed = signWithKey({ registry, image, key, format: 'bundle', referrers });
    signWithKey({ registry, image, key, format: 'bundle', referrers, annotations: { second: 'yes' } });
    const index = registry.content.manifest(repository, digest.replace(':', '-'))?.manifest.bytes.toString() ?? '{}';
    const { manifests } = JSON.parse(index) as { manifests: { digest: string }[] };
    expect(manifests).toHaveLength(2);
    expect(manifests[0]).toEqual({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      size: expect.any(Number),
      digest: signed.manifestDigest,
      ...expected,
    });
  });
});

interface Bundle {
  verificationMaterial: {
    certificate?: { rawBytes: string };
    publicKey?: { hint: string };
    tlogEntries?: TransparencyLogEntry[];
    timestampVerificationData?: { rfc3161Timestamps: { signedTimestamp: string }[] };
  };
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] };
}

function readBundle(signed: SignedImage): Bundle {
  return JSON.parse(layerOf(signed).toString()) as Bundle;
}

function verifyEnvelope(envelope: Bundle['dsseEnvelope'], key: KeyObject, hash = 'sha256'): boolean {
  const signed = preAuthenticationEncoding(envelope.payloadType, Buffer.from(envelope.payload, 'base64'));
  return verify(hash, signed, key, Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64'));
}

/** Names of the checks that a keyless Rekor v1 bundle of ours fails, each looked at alone. */
function failedChecks(signed: SignedImage): string[] {
  const { dsseEnvelope: envelope, verificationMaterial: material } = readBundle(signed);
  const failed: string[] = [];
  const check = (name: string, holds: boolean) => {
    if (!holds) failed.push(name);
  };
  const payload = Buffer.from(envelope.payload, 'base64');
  const [{ digest }] = JSON.parse(payload.toString()).subject as [{ digest: { sha256: string } }];
  check('digest', `sha256:${digest.sha256}` === signed.digest);
  const raw = Buffer.from(material.certificate?.rawBytes ?? '', 'base64');
  const certificate = material.certificate && parseCertificate(raw);
  check('signature', certificate !== undefined && verifyEnvelope(envelope, certificate.publicKey));
  check(
    'authority',
    certificate !== undefined && verifyIssued(certificate, parseCertificate(sigstore.pem.fulcioIntermediate)),
  );
  check('usage', certificate?.extendedKeyUsages?.includes('codeSigning') ?? false);
  check('names', (certificate?.subjectAlternativeNames.length ?? 0) === 1);
  check('certificate timestamp', certificate?.extensions.has(extensionOids.signedCertificateTimestampList) ?? false);
  const [entry] = material.tlogEntries ?? [];
  if (entry === undefined) return [...failed, 'entry'];
  const body = JSON.parse(Buffer.from(entry.canonicalizedBody, 'base64').toString());
  const [logged] = body.spec.signatures as [{ signature: string; verifier: string }];
  check('logged payload', body.spec.payloadHash.value === sha256(payload));
  check('logged signature', logged.signature === envelope.signatures[0]?.sig);
  check('logged key', Buffer.from(logged.verifier, 'base64').toString() === signed.certificatePem);
  const integrated = Number(entry.integratedTime) * 1000;
  const isInside =
    integrated <= (certificate?.notAfter.getTime() ?? 0) &&
    integrated >= (certificate?.notBefore.getTime() ?? 0) - 1000;
  check('time', isInside);
  check('promise', promiseHolds(entry));
  check('proof', proofHolds(entry));
  check('checkpoint', checkpointHolds(entry));
  return failed;
}

function promiseHolds(entry: TransparencyLogEntry): boolean {
  const promise = Buffer.from(entry.inclusionPromise?.signedEntryTimestamp ?? '', 'base64');
  const promised = canonicalJson({
    body: entry.canonicalizedBody,
    integratedTime: Number(entry.integratedTime),
    logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
    logIndex: Number(entry.logIndex ?? 0),
  });
  return verify('sha256', Buffer.from(promised), sigstore.services.rekor.key.publicKey, promise);
}

/** The proof against the log's own tree: the last entry's path is known to be right there. */
function proofHolds(entry: TransparencyLogEntry): boolean {
  const honest = sigstore.services.rekor.entryAt(Number(entry.logIndex ?? 0))?.entry.verification.inclusionProof;
  const proof = entry.inclusionProof;
  return (
    proof !== undefined &&
    honest !== undefined &&
    proof.rootHash === Buffer.from(honest.rootHash, 'hex').toString('base64') &&
    canonicalJson(proof.hashes ?? []) ===
      canonicalJson(honest.hashes.map((hash) => Buffer.from(hash, 'hex').toString('base64')))
  );
}

function checkpointHolds(entry: TransparencyLogEntry): boolean {
  const note = entry.inclusionProof?.checkpoint?.envelope ?? '';
  const end = note.indexOf('\n\n');
  const signature = Buffer.from(
    note
      .slice(end + 2)
      .split('\n')[0]
      ?.split(' ')[2] ?? '',
    'base64',
  ).subarray(4);
  return verify('sha256', Buffer.from(note.slice(0, end + 1)), sigstore.services.rekor.key.publicKey, signature);
}

const AN_HOUR_LATER = new Date(Date.now() + 3_600_000);

describe('each defect', () => {
  it.each<[SignatureDefects, string[]]>([
    [{}, []],
    [{ signedDigest: `sha256:${'1'.repeat(64)}` }, ['digest']],
    [{ document: 'changed-after-signing' }, ['signature']],
    [{ signature: 'tampered' }, ['signature']],
    [{ signature: 'by-another-key' }, ['signature']],
    [{ signature: 'empty' }, ['signature']],
    [{ signature: 'not-base64' }, ['signature']],
    [{ storedCertificate: 'of-another-key' }, ['signature']],
    [{ certificate: { issuedBy: 'impostor' } }, ['authority']],
    [{ certificate: { issuedBy: 'leaf' } }, ['authority']],
    [{ certificate: { extendedKeyUsages: ['serverAuth'] } }, ['usage']],
    [{ certificate: { extendedKeyUsages: [] } }, ['usage']],
    [{ certificate: { subjectAlternativeNames: [] } }, ['names']],
    [{ certificate: { timestamp: 'missing' } }, ['certificate timestamp']],
    [{ certificate: { lifetimeMs: 0, notBefore: new Date(Date.now() - 60_000) } }, ['time']],
    [{ log: { entry: 'missing' } }, ['entry']],
    [{ log: { entry: 'of-another-key' } }, ['logged signature', 'logged key']],
    [{ log: { entry: 'of-another-verifier' } }, ['logged key']],
    [{ log: { entry: 'of-another-signature' } }, ['logged signature']],
    [{ log: { entry: 'of-another-payload' } }, ['logged payload', 'logged signature']],
    [{ log: { integratedTime: AN_HOUR_LATER } }, ['time']],
    [{ log: { promise: 'missing' } }, ['promise']],
    [{ log: { promise: 'tampered' } }, ['promise']],
    [{ log: { promise: 'by-another-key' } }, ['promise']],
    [{ log: { proof: 'missing' } }, ['proof', 'checkpoint']],
    [{ log: { proof: 'truncated' } }, ['proof']],
    [{ log: { proof: 'extended' } }, ['proof']],
    [{ log: { proof: 'of-another-root' } }, ['proof']],
    [{ log: { checkpoint: 'missing' } }, ['checkpoint']],
    [{ log: { checkpoint: 'tampered' } }, ['checkpoint']],
    [{ log: { checkpoint: 'by-another-key' } }, ['checkpoint']],
    [{ log: { checkpoint: 'with-witnesses' } }, []],
  ])('%j fails %j', (defects, expected) => {
    const options: SignKeylessOptions = { registry, image: newImage().image, sigstore, format: 'bundle', defects };
    expect(failedChecks(signKeyless(options))).toEqual(expected);
  });

  it('of a manifest shows there', () => {
    const options: SignKeylessOptions = { registry, image: newImage().image, sigstore, format: 'bundle' };
    const bare = manifestOf(signKeyless({ ...options, defects: { manifest: { artifactType: '' } } }));
    expect(bare).not.toHaveProperty('artifactType');
    const odd = manifestOf(signKeyless({ ...options, defects: { manifest: { layerMediaType: 'text/plain' } } }));
    expect(odd.layers[0]?.mediaType).toBe('text/plain');
  });

  it('of a legacy chain shows there', () => {
    const chainOf = (defects: SignatureDefects) => {
      const signed = signKeyless({ registry, image: newImage().image, sigstore, defects });
      return manifestOf(signed).layers[0]?.annotations?.['dev.sigstore.cosign/chain'];
    };
    expect(chainOf({})).toBe(sigstore.pem.fulcioChain);
    expect(chainOf({ storedChain: 'missing' })).toBeUndefined();
    expect(chainOf({ storedChain: 'impostor' })).toContain('BEGIN CERTIFICATE');
    expect(chainOf({ storedChain: 'impostor' })).not.toBe(sigstore.pem.fulcioChain);
  });
});
