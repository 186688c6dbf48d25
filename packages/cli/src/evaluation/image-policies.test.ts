import { createEngine, decide, type EvaluationRequest, loadPolicy } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator/host';
import { type SignOptions, signKeyless, signWithKey } from '@vouchsafe/sandbox/sigstore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestOf } from '../../../engine/src/model/request.fixture.ts';
import { attachReferrer, createNotaryKeys, signNotary } from '../../../images/test/notary-signer.ts';
import { isCosignMissing, type RealSigner, startRealSigner } from '../../../images/test/real-signer.ts';
import { createKey, host, pushFresh, type Rig, startRig } from '../../../images/test/rig.ts';

const KEY = createKey();
const OTHER_KEY = createKey();
const NOTARY = createNotaryKeys();
const OTHER_NOTARY = createNotaryKeys();
const IDENTITY = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
const SCAN = 'https://scan.test/v1';
const OFFLINE = { ctlog: { insecureIgnoreTlog: true } };

let rig: Rig;
let signer: RealSigner;
const engine = createEngine({ host: NODE_HOST });

beforeAll(async () => {
  rig = await startRig();
  signer = await startRealSigner(rig, IDENTITY, { high: 0 });
});
afterAll(async () => {
  await rig.stop();
  signer.stop();
});

const SIGNED = 'images.containers.all(i, verifyImageSignatures(i, [attestors.a]) > 0)';
const SCANNED = 'images.containers.all(i, verifyAttestationSignatures(i, attestations.scan, [attestors.a]) > 0)';
const CLEAN = 'images.containers.all(i, extractPayload(i, attestations.scan).predicate.high == 0)';

/** `status message` of a policy about one Pod with this image. */
async function judge(image: string, spec: JsonObject, source = rig.source): Promise<string> {
  const { policy, diagnostics } = loadPolicy({
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'ImageValidatingPolicy',
    metadata: { name: 'p' },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      validationConfigurations: { verifyDigest: false },
      validations: [{ expression: SIGNED, message: 'unsigned' }],
      ...spec,
    },
  });
  const compiled = policy && engine.compile(policy).compiled;
  if (!compiled) throw new Error(JSON.stringify(diagnostics));
  const [decision] = await decide([compiled], podOf(image), source, { phase: 'validate' });
  return (decision?.results ?? []).map(({ status, message }) => `${status} ${message}`).join('\n');
}

const podOf = (image: string): EvaluationRequest =>
  requestOf(
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'default' },
      spec: { containers: [{ name: 'c', image }] },
    },
    { plural: 'pods', now: Date.now() },
  );

type Image = ReturnType<typeof pushFresh>;
type Attestors = JsonObject | (() => JsonObject);

function byKey(options: Partial<SignOptions> = {}, key = KEY) {
  return ({ name }: Image) => signWithKey({ registry: rig.registry, image: name, key: key.privateKey, ...options });
}

function keyless(options: Partial<SignOptions> = {}, identity = IDENTITY) {
  return ({ name }: Image) =>
    signKeyless({ registry: rig.registry, image: name, sigstore: rig.sigstore, identity, ...options });
}

function scanned(high: number): Pick<SignOptions, 'attestation'> {
  return { attestation: { predicateType: SCAN, predicate: { high } } };
}

const keyAttestor = { name: 'a', cosign: { key: { data: KEY.publicKey }, ...OFFLINE } };
const identityAttestor = (identity: JsonObject) => ({ name: 'a', cosign: { keyless: { identities: [identity] } } });
const notaryAttestor = { name: 'a', notary: { certs: { value: NOTARY.root } } };
const unsigned = 'fail unsigned';
const signed = 'pass success';

describe('signatures', () => {
  const rows: [string, (image: Image) => unknown, Attestors, string][] = [
    ['none', () => undefined, keyAttestor, unsigned],
    ['by the key, as cosign 2 stores it', byKey(), keyAttestor, signed],
    ['by the key, as cosign 3 stores it', byKey({ format: 'bundle' }), keyAttestor, signed],
    ['by another key', byKey({}, OTHER_KEY), keyAttestor, unsigned],
    ['by another key, and by the key', (image) => [byKey({}, OTHER_KEY)(image), byKey()(image)], keyAttestor, signed],
    ['no log entry, where one is wanted', byKey(), { name: 'a', cosign: { key: { data: KEY.publicKey } } }, unsigned],
    ['by the identity', keyless(), identityAttestor(IDENTITY), signed],
    ['by the identity, as a bundle', keyless({ format: 'bundle' }), identityAttestor(IDENTITY), signed],
    [
      'by another subject',
      keyless({}, { ...IDENTITY, subject: 'https://evil.test' }),
      identityAttestor(IDENTITY),
      unsigned,
    ],
    [
      'by another issuer',
      keyless({}, { ...IDENTITY, issuer: 'https://evil.test' }),
      identityAttestor(IDENTITY),
      unsigned,
    ],
    [
      'a wildcard in an identity is no wildcard',
      keyless(),
      identityAttestor({ ...IDENTITY, subject: 'https://ci.test/*' }),
      unsigned,
    ],
    [
      'an expression of an identity',
      keyless(),
      identityAttestor({ issuer: IDENTITY.issuer, subjectRegExp: '^https://ci\\.test/[a-z]+$' }),
      signed,
    ],
    [
      'a subject that CEL gives',
      keyless(),
      identityAttestor({ issuer: IDENTITY.issuer, subjectExpression: '"https://ci.test/" + "job"' }),
      signed,
    ],
    [
      'one of two identities',
      keyless(),
      { name: 'a', cosign: { keyless: { identities: [{ ...IDENTITY, subject: 'https://other.test' }, IDENTITY] } } },
      signed,
    ],
    ['annotations', byKey({ annotations: { env: 'prod' } }), withCosign({ annotations: { env: 'prod' } }), signed],
    [
      'other annotations',
      byKey({ annotations: { env: 'dev' } }),
      withCosign({ annotations: { env: 'prod' } }),
      unsigned,
    ],
    [
      'in a repository of signatures',
      byKey({ signatureRepository: 'team/signatures' }),
      withCosign({ source: { repository: `${host}/team/signatures` } }),
      signed,
    ],
    ['a prefix of tags', byKey({ tagPrefix: 'kyverno-' }), withCosign({ source: { tagPrefix: 'kyverno-' } }), signed],
    ['a prefix of tags that is not asked for', byKey({ tagPrefix: 'kyverno-' }), keyAttestor, unsigned],
    [
      'a key that CEL gives',
      byKey(),
      { name: 'a', cosign: { key: { expression: `"""${KEY.publicKey}"""` }, ...OFFLINE } },
      signed,
    ],
    [
      'a trust root of the attestor',
      keyless(),
      () => ({
        name: 'a',
        cosign: {
          keyless: { identities: [IDENTITY] },
          trustedRoot: { value: JSON.stringify(rig.sigstore.trustedRoot) },
        },
      }),
      signed,
    ],
    [
      'a trust root of the attestor that knows none of it',
      keyless(),
      { name: 'a', cosign: { keyless: { identities: [IDENTITY] }, trustedRoot: { value: '{"tlogs": []}' } } },
      unsigned,
    ],
    [
      'a certificate of the policy',
      ({ repository, digest }) => signNotary({ registry: rig.registry, repository, digest, key: NOTARY.signer }),
      notaryAttestor,
      signed,
    ],
    [
      'a certificate of another',
      ({ repository, digest }) => signNotary({ registry: rig.registry, repository, digest, key: OTHER_NOTARY.signer }),
      notaryAttestor,
      unsigned,
    ],
    ['by a key, where the Notary Project is wanted', byKey(), notaryAttestor, unsigned],
    ['an attestation is no signature', byKey({ format: 'bundle', ...scanned(0) }), keyAttestor, unsigned],
  ];
  it.each(rows)('%s', async (_name, sign, attestor, wanted) => {
    const image = pushFresh(rig.registry);
    sign(image);
    const attestors = [typeof attestor === 'function' ? attestor() : attestor];
    expect(await judge(image.reference, { attestors })).toBe(wanted);
  });
});

function withCosign(more: JsonObject): JsonObject {
  return { name: 'a', cosign: { ...keyAttestor.cosign, ...more } };
}

describe('attestations', () => {
  const spec = {
    attestations: [{ name: 'scan', intoto: { type: SCAN } }],
    validations: [
      { expression: SCANNED, message: 'not scanned' },
      { expression: CLEAN, message: 'not clean' },
    ],
  };
  const rows: [string, (image: Image) => unknown, JsonObject, string][] = [
    ['none', byKey(), keyAttestor, 'fail not scanned'],
    ['clean', byKey(scanned(0)), keyAttestor, signed],
    ['clean, as a bundle', byKey({ format: 'bundle', ...scanned(0) }), keyAttestor, signed],
    ['not clean', byKey(scanned(2)), keyAttestor, 'fail not clean'],
    ['by another key', byKey(scanned(0), OTHER_KEY), keyAttestor, 'fail not scanned'],
    ['by the identity', keyless(scanned(0)), identityAttestor(IDENTITY), signed],
    [
      'of another type',
      byKey({ attestation: { predicateType: 'https://other.test/v1', predicate: { high: 0 } } }),
      keyAttestor,
      'fail not scanned',
    ],
  ];
  it.each(rows)('%s', async (_name, attest, attestor, wanted) => {
    const image = pushFresh(rig.registry);
    attest(image);
    expect(await judge(image.reference, { ...spec, attestors: [attestor] })).toBe(wanted);
  });

  it.each([
    ['a signed bill of materials', 'CycloneDX', NOTARY, signed],
    ['one that says something else', 'SPDX', NOTARY, 'fail no CycloneDX'],
    ['one that another signed', 'CycloneDX', OTHER_NOTARY, 'fail no signed bill'],
  ])('of the Notary Project: %s', async (_name, bomFormat, notary, wanted) => {
    const { repository, digest, reference } = pushFresh(rig.registry);
    const { registry } = rig;
    const artifact = attachReferrer(registry, repository, digest, {
      configType: 'application/vnd.oci.empty.v1+json',
      artifactType: 'sbom/cyclone-dx',
      layerType: 'application/json',
      blob: Buffer.from(JSON.stringify({ bomFormat })),
    });
    signNotary({ registry, repository, digest: artifact.digest, key: notary.signer });
    signNotary({ registry, repository, digest, key: NOTARY.signer });
    const validations = [
      { expression: SIGNED, message: 'unsigned' },
      { expression: SCANNED, message: 'no signed bill' },
      {
        expression: 'images.containers.all(i, extractPayload(i, attestations.scan).bomFormat == "CycloneDX")',
        message: 'no CycloneDX',
      },
    ];
    const attestations = [{ name: 'scan', referrer: { type: 'sbom/cyclone-dx' } }];
    expect(await judge(reference, { attestors: [notaryAttestor], attestations, validations })).toBe(wanted);
  });
});

describe('what the registry tells', () => {
  it('data of the image', async () => {
    const { reference, digest } = pushFresh(rig.registry);
    const validations = ['image.GetMetadata(i)', 'getImageData(i)'].map((read) => ({
      expression: `images.containers.all(i, ${read}.digest == "${digest}" && ${read}.tag == "1" && ${read}.config != null)`,
      message: read,
    }));
    const spec = {
      validationConfigurations: { verifyDigest: false, required: false },
      attestors: [keyAttestor],
      validations,
    };
    expect(await judge(reference, spec)).toBe(signed);
  });

  it.each([
    [`${host}/team/absent:1`, 'failed to get imagedata'],
    ['down.test/app:1', 'failed to get imagedata'],
    [`${host}/team/absent@sha256:${'0'.repeat(64)}`, 'unsigned'],
  ])('%s is no pass', async (image, problem) => {
    const told = await judge(image, { attestors: [keyAttestor] });
    expect(told).toMatch(/^(fail|error) /);
    expect(told).toContain(problem);
  });
});

describe.skipIf(isCosignMissing)('what real cosign writes', () => {
  it.each([2, 3] as const)('cosign %i: signed and attested keyless', async (version) => {
    const { reference, repository } = pushFresh(rig.registry);
    await signer.sign(version, ['sign', ...signer.keyless(version)], repository);
    const spec = {
      attestors: [identityAttestor(IDENTITY)],
      attestations: [{ name: 'scan', intoto: { type: SCAN } }],
      validations: [SIGNED, SCANNED, CLEAN].map((expression) => ({ expression, message: expression })),
    };
    expect(await judge(reference, spec)).toBe(`fail ${SCANNED}`);
    const attest = ['attest', ...signer.keyless(version), '--type', SCAN, '--predicate', 'predicate.json'];
    await signer.sign(version, attest, repository);
    // Refusals are kept for a moment; another source has none.
    const source = rig.open({ cache: { maxSize: 0, ttlMs: 0 } });
    expect(await judge(reference, spec, source)).toBe(signed);
    const other = { ...spec, attestors: [identityAttestor({ ...IDENTITY, subject: 'x' })] };
    expect(await judge(reference, other, source)).toBe(`fail ${SIGNED}`);
  });
});
