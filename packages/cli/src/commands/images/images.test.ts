import { generateKeyPair } from '@vouchsafe/kube/pki';
import { pushImage } from '@vouchsafe/sandbox/registry';
import { signKeyless, signWithKey } from '@vouchsafe/sandbox/sigstore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlagValues } from '../../flags/command.ts';
import { type ImageCommandRig, startImageCommandRig } from '../../images/image-commands.fixture.ts';
import { verify } from '../verify/verify.ts';
import { images } from './images.ts';

let rig: ImageCommandRig;
beforeAll(async () => {
  rig = await startImageCommandRig(images);
});
afterAll(() => rig.stop());

const list = (names: readonly string[], flags: FlagValues = {}) => rig.run(names, flags);

describe('vouchsafe images', () => {
  it('lists every piece of evidence, tries what it suggests, and writes the policy entry', async () => {
    const { registry, sigstore } = rig;
    const image = pushImage(registry, 'team/app:v1').image;
    const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
    const key = generateKeyPair('ecdsa-p256').privateKeyPem;
    signWithKey({ registry, image, key, annotations: { team: 'blue' } });
    signKeyless({ registry, image, sigstore, identity, format: 'bundle', log: 'v2' });
    const attestation = { predicateType: 'https://spdx.dev/Document', predicate: {} };
    signKeyless({ registry, image, sigstore, identity, attestation, format: 'bundle' });
    const { code, stdout } = await list(['registry.test/team/app:v1'], { output: 'json' });
    expect(code).toBe(0);
    const [item] = JSON.parse(stdout).items;
    expect(item.evidence).toMatchObject([
      { format: 'Cosign', part: 'signatures', annotations: { team: 'blue' }, where: expect.stringMatching(/\.sig$/) },
      { format: 'SigstoreBundle', subjects: ['https://ci.test/job'], isTimeStamped: true, verdict: 'verified' },
      { format: 'SigstoreBundle', predicateType: 'https://spdx.dev/Document', verdict: 'verified' },
    ]);
    const keyless = { subject: 'https://ci.test/job', issuer: 'https://issuer.test' };
    expect(item.verifyImages).toMatchObject([
      {
        type: 'Cosign',
        imageReferences: ['registry.test/team/app:*', 'registry.test/team/app@*'],
        attestors: [{ entries: [{ keys: { rekor: { ignoreTlog: true } } }] }],
      },
      {
        type: 'SigstoreBundle',
        attestors: [{ entries: [{ keyless }] }],
        attestations: [{ type: 'https://spdx.dev/Document', attestors: [{ entries: [{ keyless }] }] }],
      },
    ]);
    const table = await list(['registry.test/team/app:v1']);
    expect(table.stdout).toContain('annotations   team=blue');
    expect(table.stdout).toContain('verdict       verified');
    expect(table.stdout).toContain('- type: SigstoreBundle\n');
  });

  it('tells what is signed: the index, or an image of it', async () => {
    const { registry } = rig;
    const platforms = [
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64' },
    ];
    const { manifests, repository } = pushImage(registry, 'team/many:v1', { platforms });
    const [amd64] = manifests;
    const key = generateKeyPair('ecdsa-p256').privateKeyPem;
    signWithKey({ registry, image: `${repository}@${amd64?.digest}`, key });
    const { code, stdout } = await list(['registry.test/team/many:v1']);
    expect(code).toBe(1);
    expect(stdout).toContain('an index of 2 images; what follows is about the index');
    expect(stdout).toContain(`linux/amd64   ${amd64?.digest}, with evidence of its own`);
    expect(stdout).toMatch(/linux\/arm64 {3}sha256:[0-9a-f]{64}, without evidence of its own/);
    expect(stdout).toMatch(/^registry.test\/team\/many:v1: no evidence about the index, only about images of it$/m);
  });

  it('says why an honest looking signature is not believed', async () => {
    const { registry, sigstore } = rig;
    const image = pushImage(registry, 'team/forged:v1', { labels: { a: 'b' } }).image;
    signKeyless({ registry, image, sigstore, defects: { certificate: { issuedBy: 'impostor' } } });
    const { stdout } = await list(['registry.test/team/forged:v1']);
    expect(stdout).toContain('verdict       not verified: certificate-chain');
  });

  it('shows what would steer the terminal or hide in it', async () => {
    const { registry, sigstore } = rig;
    const image = pushImage(registry, 'team/steering:v1', { labels: { is: 'steering' } }).image;
    const predicateType = 'https://evil.test/\u001b[2J\u009b\u202etxt\u200b';
    const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/\u001b[1A' };
    signKeyless({
      registry,
      image,
      sigstore,
      identity,
      attestation: { predicateType, predicate: {} },
      format: 'bundle',
    });
    const key = generateKeyPair('ecdsa-p256').privateKeyPem;
    signWithKey({ registry, image, key, annotations: { 'a\u001b[2J': 'b\u202e' } });
    const { stdout } = await list(['registry.test/team/steering:v1']);
    expect(stdout).toContain('https://evil.test/\\u{1b}[2J\\u{9b}\\u{202e}txt\\u{200b}');
    expect(stdout).toContain('https://ci.test/\\u{1b}[1A');
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('suggests a name with wildcards as that name alone', async () => {
    const { registry, sigstore } = rig;
    const image = pushImage(registry, 'team/wild:v1', { labels: { is: 'wild' } }).image;
    const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/*.x?' };
    signKeyless({ registry, image, sigstore, identity });
    const { stdout } = await list(['registry.test/team/wild:v1'], { output: 'json' });
    const [item] = JSON.parse(stdout).items;
    expect(item.evidence[0].verdict).toBe('verified');
    const keyless = { subjectRegExp: '^https://ci\\.test/\\*\\.x\\?$', issuer: 'https://issuer.test' };
    expect(item.verifyImages[0].attestors[0].entries[0]).toMatchObject({ keyless });
  });

  it('tells apart: nothing there, not looked at, wrong use', async () => {
    pushImage(rig.registry, 'team/bare:v1', { labels: { c: 'd' } });
    expect(await list(['registry.test/team/bare:v1'])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('no evidence: nobody has signed it'),
    });
    expect((await list(['registry.test/team/absent:v1'])).code).toBe(3);
    expect((await list(['registry.test/a:v1'], { output: 'xml' })).code).toBe(2);
    expect((await list(['registry.test/a:v1'], { registryProvider: ['evil'] })).stderr).toContain('is not known');
    expect((await list(['registry.test/a:v1'], { layout: '/nowhere' })).stderr).toContain('is not a folder');
  });

  it('writes entries that policies take, and that are satisfied', async () => {
    const { registry, sigstore } = rig;
    const { image } = pushImage(registry, 'team/pasted:v1', { labels: { is: 'pasted' } });
    const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
    signKeyless({ registry, image, sigstore, identity });
    signKeyless({ registry, image, sigstore, identity, format: 'bundle', log: 'v2' });
    const { stdout } = await list(['registry.test/team/pasted:v1'], { output: 'json' });
    const match = { any: [{ resources: { kinds: ['Pod'] } }] };
    const { verifyImages } = JSON.parse(stdout).items[0];
    const policy = rig.write(
      'pasted.json',
      JSON.stringify({
        apiVersion: 'kyverno.io/v1',
        kind: 'ClusterPolicy',
        metadata: { name: 'pasted' },
        spec: { rules: [{ name: 'signed', match, verifyImages }] },
      }),
    );
    const verified = await rig.run(['registry.test/team/pasted:v1'], { policy: [policy], output: 'json' }, verify);
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
    expect(JSON.parse(verified.stdout).items[0].results).toMatchObject([{ status: 'pass' }, { status: 'pass' }]);
  });
});
