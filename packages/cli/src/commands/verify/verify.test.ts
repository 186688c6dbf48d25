import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { pushImage } from '@vouchsafe/sandbox/registry';
import { signKeyless, signWithKey } from '@vouchsafe/sandbox/sigstore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlagValues } from '../../flags/command.ts';
import { type ImageCommandRig, startImageCommandRig } from '../../images/image-commands.fixture.ts';
import { verify } from './verify.ts';

const { privateKeyPem, publicKeyPem } = generateKeyPair('ecdsa-p256');
let rig: ImageCommandRig;
beforeAll(async () => {
  rig = await startImageCommandRig(verify, { type: 'Cosign' });
  rig.write('key.pub', publicKeyPem);
});
afterAll(() => rig.stop());

/** By the key, without a log. */
const ask = (images: readonly string[], flags: FlagValues = {}) =>
  rig.run(images, { key: join(rig.folder, 'key.pub'), insecureIgnoreTlog: true, ...flags });

function pushSigned(name: string): { image: string; digest: string } {
  const { registry } = rig;
  const pushed = pushImage(registry, `${name}:v1`, { labels: { is: name } });
  signWithKey({ registry, image: pushed.image, key: privateKeyPem });
  return pushed;
}

/** The repository's manifests and blobs as a folder, the way `oras copy --to-oci-layout` leaves them. */
function saveLayout(repository: string, tags: readonly string[]): string {
  const layout = mkdtempSync(join(rig.folder, 'layout-'));
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const put = (bytes: Uint8Array) =>
    writeFileSync(join(layout, 'blobs/sha256', createHash('sha256').update(bytes).digest('hex')), bytes);
  const manifests = tags.map((tag) => {
    const found = rig.registry.content.manifest(repository, tag);
    if (found === undefined) throw new Error(`no tag ${tag}`);
    const { bytes, mediaType } = found.manifest;
    put(bytes);
    const document: { layers: { digest: string }[] } = JSON.parse(bytes.toString());
    for (const { digest } of document.layers) put(rig.registry.content.blob(repository, digest) ?? Buffer.alloc(0));
    const annotations = { 'org.opencontainers.image.ref.name': tag };
    return { mediaType, digest: found.digest, size: bytes.length, annotations };
  });
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  return layout;
}

describe('vouchsafe verify', () => {
  it('answers about many images in their order', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `many/app-${index}`);
    for (const [index, name] of names.entries()) {
      if (index % 2 === 0) pushSigned(name);
      else pushImage(rig.registry, `${name}:v1`, { labels: { is: name } });
    }
    const { code, stdout } = await ask(
      names.map((name) => `registry.test/${name}:v1`),
      { output: 'json' },
    );
    expect(code).toBe(1);
    const { items } = JSON.parse(stdout);
    expect(items.map(({ image, verified }: { image: string; verified: boolean }) => [image, verified])).toEqual(
      names.map((name, index) => [`registry.test/${name}:v1`, index % 2 === 0]),
    );
  });

  it('writes SARIF: a result for what is refused, a notification for what could not be looked at', async () => {
    pushSigned('sarif/good');
    pushImage(rig.registry, 'sarif/bare:v1', { labels: { is: 'bare' } });
    const images = ['good', 'bare', 'absent'].map((name) => `registry.test/sarif/${name}:v1`);
    const { code, stdout } = await ask(images, { output: 'sarif' });
    expect(code).toBe(3);
    const [run] = JSON.parse(stdout).runs;
    expect(run.results).toMatchObject([{ ruleId: 'unsigned', ruleIndex: 0, level: 'error' }]);
    expect(run.results[0].locations[0].logicalLocations[0].fullyQualifiedName).toContain('sarif/bare:v1@sha256:');
    expect(run.tool.driver.rules).toMatchObject([{ id: 'unsigned' }]);
    expect(run.invocations[0]).toMatchObject({ executionSuccessful: false });
    expect(run.invocations[0].toolExecutionNotifications[0].message.text).toContain('does not exist');
  });

  it('verifies a folder without a network', async () => {
    const { digest } = pushSigned('layout/app');
    const layout = saveLayout('layout/app', ['v1', `${digest.replace(':', '-')}.sig`]);
    const offline = { layout, registryMirror: ['registry.test=http://127.0.0.1:1'] };
    expect(await ask(['registry.test/layout/app:v1'], offline)).toMatchObject({ code: 0 });
    expect((await ask(['registry.test/layout/app:v2'], offline)).code).toBe(3);
    const bare = saveLayout('layout/app', ['v1']);
    expect(await ask(['registry.test/layout/app:v1'], { ...offline, layout: bare })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('unsigned'),
    });
  });

  it('reads no trust root where none counts, and refuses one that is malformed elsewhere', async () => {
    const malformed = rig.write('malformed.json', '{"tlogs":1}');
    pushSigned('roots/plain');
    expect((await ask(['registry.test/roots/plain:v1'], { trustedRoot: malformed })).code).toBe(0);
    const logged = await ask(['registry.test/roots/plain:v1'], { trustedRoot: malformed, insecureIgnoreTlog: false });
    expect([logged.code, logged.stderr]).toEqual([2, expect.stringContaining('malformed trust root')]);
  });

  it('takes references to keys, and says what they need', async () => {
    pushImage(rig.registry, 'kms/app:v1', { labels: { is: 'kms' } });
    const { code, stdout } = await ask(['registry.test/kms/app:v1'], { key: 'hashivault://cosign' });
    expect(code).toBe(1);
    expect(stdout).toContain('VAULT_ADDR is not set');
  });
});

function policy(name: string, entry: object, spec: object = {}): string {
  const rule = {
    name: 'signed',
    match: { any: [{ resources: { kinds: ['Pod'] } }] },
    verifyImages: [{ imageReferences: ['registry.test/*'], ...entry }],
  };
  const document = {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: { webhookConfiguration: {}, rules: [rule], ...spec },
  };
  return rig.write(`${name}.yaml`, JSON.stringify(document));
}

const byKey = { attestors: [{ entries: [{ keys: { publicKeys: publicKeyPem, rekor: { ignoreTlog: true } } }] }] };
const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
const byIdentity = {
  type: 'SigstoreBundle',
  attestors: [{ entries: [{ keyless: { ...identity, rekor: { url: 'https://rekor.sigstore.dev' } } }] }],
};

describe('vouchsafe verify with policies', () => {
  const image = 'registry.test/policy/app:v1';
  const other = 'registry.test/policy/other:v1';
  beforeAll(() => {
    const { registry, sigstore } = rig;
    const pushed = pushSigned('policy/app');
    signKeyless({ registry, image: pushed.image, sigstore, identity, format: 'bundle' });
    pushImage(registry, 'policy/other:v1', { labels: { is: 'other' } });
  });

  it('judges as they would a Pod with the image, every rule of every format', async () => {
    const paths = [policy('by-key', byKey), policy('by-identity', byIdentity)];
    expect(await rig.run([image], { policy: paths })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/verified\n {2}digest {5}sha256:.*\n.*by-key\/signed: .*\n.*by-identity\/signed: /),
    });
    const { code, stdout } = await rig.run([image, other], { policy: paths, output: 'json' });
    expect(code).toBe(1);
    expect(JSON.parse(stdout).items).toMatchObject([
      {
        image,
        verified: true,
        results: [
          { policy: 'by-key', status: 'pass' },
          { policy: 'by-identity', status: 'pass' },
        ],
      },
      { image: other, verified: false, results: [{ status: 'fail', reason: 'unsigned' }, { reason: 'unsigned' }] },
    ]);
  });

  it.each(['text', 'table', 'sarif'])('names the reason in %s', async (output) => {
    const { code, stdout } = await rig.run([other], { policy: [policy('by-key', byKey)], output });
    expect(code).toBe(1);
    expect(stdout).toContain('unsigned');
    expect(stdout).toContain('by-key/signed');
  });

  it('does not take an image for verified that no rule is about', async () => {
    const entry = { ...byKey, imageReferences: ['ghcr.io/*'] };
    expect(await rig.run([image], { policy: [policy('elsewhere', entry)] })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('unmatched'),
    });
  });

  it('says what could not be looked at', async () => {
    const flags = { policy: [policy('by-key', byKey)], registryMirror: ['registry.test=http://127.0.0.1:1'] };
    expect(await rig.run([image], flags)).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('registry-unreachable'),
    });
  });

  it.each<[string, () => FlagValues, string]>([
    ['with a key as well', () => ({ policy: [policy('by-key', byKey)], key: 'x' }), 'without --key'],
    ['that do not verify images', () => ({ policy: [policy('none', {}, { rules: [] })] }), '--policy'],
    ['that are not there', () => ({ policy: ['nowhere.yaml'] }), 'nowhere.yaml'],
    ['of a broken attestor', () => ({ policy: [policy('broken', { attestors: [{ entries: [{ nobody: 1 }] }] })] }), ''],
  ])('refuses policies %s', async (_name, flags, message) => {
    expect(await rig.run([image], flags())).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });
});

describe('by ImageValidatingPolicies', () => {
  const imagePolicy = (name: string, spec: object = {}): string =>
    rig.write(
      `${name}.json`,
      JSON.stringify({
        apiVersion: 'policies.kyverno.io/v1',
        kind: 'ImageValidatingPolicy',
        metadata: { name },
        spec: {
          matchConstraints: {
            resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
          },
          attestors: [{ name: 'key', cosign: { key: { data: publicKeyPem }, ctlog: { insecureIgnoreTlog: true } } }],
          validations: [
            {
              expression: 'images.containers.all(i, verifyImageSignatures(i, [attestors.key]) > 0)',
              message: 'unsigned',
            },
          ],
          ...spec,
        },
      }),
    );
  const elsewhere = { matchImageReferences: [{ glob: 'quay.io/*' }] };
  const unpinned = { validationConfigurations: { mutateDigest: false } };

  it('a tag is pinned, and judged by its digest', async () => {
    const { digest } = pushSigned('cel/app');
    const { code, stdout } = await rig.run(['registry.test/cel/app:v1'], { policy: [imagePolicy('cel')] });
    expect(stdout).toContain(digest);
    expect(code).toBe(0);
  });

  it.each<[string, object, number, string]>([
    ['unsigned', {}, 1, 'unsigned'],
    ['about other images', elsewhere, 1, 'no rule of the policies verifies it'],
    [
      'that look at nothing',
      { validations: [{ expression: 'true' }], validationConfigurations: { required: false } },
      1,
      'no rule',
    ],
    ['that want digests and pin none', unpinned, 1, 'does not have a digest'],
  ])('%s', async (name, spec, wanted, told) => {
    pushImage(rig.registry, 'cel/bare:v1', { labels: { is: 'bare' } });
    const path = imagePolicy(name.replaceAll(' ', '-'), spec);
    const { code, stdout } = await rig.run(['registry.test/cel/bare:v1'], { policy: [path] });
    expect(stdout).toContain(told);
    expect(code).toBe(wanted);
  });

  it('a registry that is away is no answer', async () => {
    const flags = { policy: [imagePolicy('cel')], registryMirror: ['registry.test=http://127.0.0.1:1'] };
    expect((await rig.run(['registry.test/cel/app:v1'], flags)).code).toBe(3);
  });
});
