import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memberAt } from '@vouchsafe/engine/kernel';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { pushImage, type Registry, startRegistry } from '@vouchsafe/sandbox/registry';
import { signWithKey, startSigstore } from '@vouchsafe/sandbox/sigstore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLoopbackTls } from '../../../kube/src/pki/loopback-tls.fixture.ts';
import { createOperatorImages } from './image-facts.ts';
import { startTestCluster, type TestCluster } from './operator.fixture.ts';

const SECRETS = { group: '', version: 'v1', resource: 'secrets' } as const;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
let cluster: TestCluster;
let registry: Registry;
let folder = '';
beforeAll(async () => {
  const auth = { kind: 'basic', users: { ann: 'secret-1' } } as const;
  [cluster, registry] = await Promise.all([startTestCluster(), startRegistry({ auth })]);
  folder = mkdtempSync(join(tmpdir(), 'vouchsafe-hosts-'));
  pushImage(registry, 'team/app:v1');
});
afterAll(async () => {
  await Promise.all([cluster.stop(), registry.stop()]);
  rmSync(folder, { recursive: true });
});

async function createSecret(name: string, data: Readonly<Record<string, unknown>>): Promise<void> {
  const encoded = Object.entries(data).map(([key, value]) => [
    key,
    Buffer.from(JSON.stringify(value)).toString('base64'),
  ]);
  const metadata = { name, namespace: 'kyverno' };
  await cluster.client.create(SECRETS, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    data: Object.fromEntries(encoded),
  });
}

/** The digest of the image, as an operator with these flags finds it; or why not. */
async function resolve(flags: readonly string[], secrets: readonly string[] = [], image = 'private.test/team/app:v1') {
  const settings = cluster.settings(flags);
  const source = await createOperatorImages(cluster.client, settings, '0', silent, () => undefined);
  try {
    const access = { allowInsecure: false, providers: [], secrets };
    const [fact] = await source.fetch([{ kind: 'image-digest', reference: image, access }], undefined);
    return fact?.ok === true ? fact.value : fact?.message;
  } finally {
    await source.close();
  }
}

describe('what opens registries to the operator', () => {
  const entry = { username: 'ann', password: 'secret-1' };
  beforeAll(async () => {
    await createSecret('elsewhere', { '.dockerconfigjson': { auths: { 'ghcr.io': entry } } });
    await createSecret('here', { '.dockerconfigjson': { auths: { [registry.host]: entry } } });
    await createSecret('older', { '.dockercfg': { [registry.host]: entry } });
  });
  const mirror = () => ['--registryMirror', `private.test=${registry.url}`];

  it.each<[string, readonly string[], readonly string[], RegExp]>([
    ['nothing', [], [], /wants credentials and none are configured/],
    ['a Secret of the request', [], ['kyverno/here'], /^sha256:/],
    ['a Secret of the older kind', [], ['kyverno/older'], /^sha256:/],
    ['the second of several Secrets of the process', ['--imagePullSecrets', 'elsewhere,kyverno/here'], [], /^sha256:/],
    ['one that is there, besides one that is not', ['--imagePullSecrets', 'absent,here'], [], /^sha256:/],
    [
      'a name that leads into another namespace',
      [],
      ['team/kyverno/here', 'team/../kyverno/here'],
      /wants credentials/,
    ],
    ['a Secret of another registry', ['--imagePullSecrets', 'elsewhere'], [], /wants credentials/],
  ])('%s', async (_name, flags, secrets, wanted) => {
    expect(await resolve([...mirror(), ...flags], secrets)).toMatch(wanted);
  });
});

it('any statement is a signature where the operator is told so', async () => {
  const [sigstore, open] = await Promise.all([startSigstore(), startRegistry()]);
  const { image } = pushImage(open, 'team/attested:v1');
  const { privateKeyPem, publicKeyPem } = generateKeyPair('ecdsa-p256');
  const attestation = { predicateType: 'https://slsa.dev/provenance/v1', predicate: {} };
  signWithKey({ registry: open, image, key: privateKeyPem, sigstore, log: 'v2', format: 'bundle', attestation });
  const flags = ['--registryMirror', `open.test=${open.url}`, '--trustedRoot', JSON.stringify(sigstore.trustedRoot)];
  const isVerified = async (...more: string[]) => {
    const settings = cluster.settings([...flags, ...more]);
    const source = await createOperatorImages(cluster.client, settings, '0', silent, () => undefined);
    const [fact] = await source.fetch(
      [
        {
          kind: 'image-verification',
          reference: 'open.test/team/attested:v1',
          type: 'SigstoreBundle',
          attestors: [{ entries: [{ keys: { publicKeys: publicKeyPem } }] }],
          attestations: [],
          annotations: {},
          cosignOCI11: false,
          useCache: false,
          access: { allowInsecure: false, providers: [], secrets: [] },
        },
      ],
      undefined,
    );
    await source.close();
    return fact?.ok === true && memberAt(fact.value, 'verified');
  };
  try {
    expect([await isVerified(), await isVerified('--acceptAnyStatement')]).toEqual([false, true]);
  } finally {
    await Promise.all([sigstore.stop(), open.stop()]);
  }
});

describe('how the operator reaches hosts', () => {
  const tls = createLoopbackTls();

  it('by the authorities of one host, and without any where that is said of it', async () => {
    const [secure, plain] = await Promise.all([startRegistry({ tls }), startRegistry()]);
    for (const one of [secure, plain]) pushImage(one, 'team/app:v1');
    const file = join(folder, 'ca.pem');
    writeFileSync(file, tls.cert);
    const of = ({ host }: Registry) => `${host}/team/app:v1`;
    try {
      expect(await resolve(['--registryMirror', `x.test=${secure.url}`], [], 'x.test/team/app:v1')).toContain(
        'not trusted',
      );
      expect(await resolve(['--registryCa', `${secure.host}=${file}`], [], of(secure))).toMatch(/^sha256:/);
      expect(await resolve(['--insecureRegistry', `${secure.host},${plain.host}`], [], of(plain))).toMatch(/^sha256:/);
      expect(await resolve(['--insecureRegistry', secure.host], [], of(plain))).toContain('loopback');
    } finally {
      await Promise.all([secure.stop(), plain.stop()]);
    }
  });

  it('does not start with what it cannot use', async () => {
    const file = join(folder, 'bad.pem');
    writeFileSync(file, 'no certificate');
    const flaws: [readonly string[], string][] = [
      [['--registryCa', `x.test=${file}`], 'no PEM certificates'],
      [['--registryCa', 'x.test=/nowhere.pem'], 'no such file'],
      [['--registryMirror', 'x.test=ftp://y'], 'not an http or https URL'],
      [['--insecureRegistry', 'http://x.test'], 'no host of a registry'],
      [['--signatureOrigin', 'x.test=ghcr.io:tag/x'], 'no registry'],
    ];
    for (const [flags, why] of flaws) await expect(resolve(flags)).rejects.toThrow(why);
  });
});
