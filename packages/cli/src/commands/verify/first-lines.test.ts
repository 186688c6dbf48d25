import { join } from 'node:path';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { type PushedImage, pushImage } from '@vouchsafe/sandbox/registry';
import { type SignKeylessOptions, signKeyless, signWithKey } from '@vouchsafe/sandbox/sigstore';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FlagValues } from '../../flags/command.ts';
import { type ImageCommandRig, startImageCommandRig } from '../../images/image-commands.fixture.ts';
import { verify } from './verify.ts';

const ours = generateKeyPair('ecdsa-p256');
const theirs = generateKeyPair('ecdsa-p256');
const issuer = 'https://token.actions.githubusercontent.com';
const subject = 'https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main';
let rig: ImageCommandRig;
beforeAll(async () => {
  rig = await startImageCommandRig(verify, {});
  rig.write('ours.pub', ours.publicKeyPem);
});
afterAll(() => rig.stop());

type Signing = (image: PushedImage) => void;

const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
const byKey =
  (key: string, more: Partial<Parameters<typeof signWithKey>[0]> = {}): Signing =>
  ({ image }) => {
    signWithKey({ registry: rig.registry, sigstore: rig.sigstore, image, key, log: 'v1', ...more });
  };
const keyless =
  (more: Partial<SignKeylessOptions> = {}): Signing =>
  ({ image }) => {
    signKeyless({ registry: rig.registry, sigstore: rig.sigstore, image, identity: { issuer, subject }, ...more });
  };
const identity: FlagValues = { certificateOidcIssuer: issuer, certificateIdentity: subject };
const attestation = { predicateType: 'https://slsa.dev/provenance/v1', predicate: {} };
const late = { log: { integratedTime: new Date(Date.now() + 3_600_000) } };

it.each<[string, readonly Signing[], FlagValues, RegExp]>([
  ['nobody signed it', [], {}, /: not verified: no signatures found$/],
  ['signed by the key', [byKey(ours.privateKeyPem)], {}, /: verified$/],
  ['signed by cosign 3', [byKey(ours.privateKeyPem, { format: 'bundle' })], {}, /: verified$/],
  [
    'signed by another key',
    [byKey(theirs.privateKeyPem)],
    {},
    /: not verified: the signature was not made by the key$/,
  ],
  ['by two', [byKey(theirs.privateKeyPem), byKey(ours.privateKeyPem)], {}, /: verified$/],
  [
    'in another format',
    [byKey(ours.privateKeyPem, { format: 'bundle' })],
    { type: 'Cosign' },
    /: not verified: no signatures found of type Cosign, but the image has one of type SigstoreBundle$/,
  ],
  ['without a log', [byKey(ours.privateKeyPem, { log: 'none' })], {}, /: the signature has no transparency log entry$/],
  ['keyless', [keyless()], identity, /: verified$/],
  [
    'by somebody else',
    [keyless({ identity: { issuer, subject: 'https://github.com/evil/app' } })],
    identity,
    /: subject mismatch: expected https:\/\/github\.com\/acme\/.*, received https:\/\/github\.com\/evil\/app$/,
  ],
  ['after its time', [keyless({ defects: late })], identity, /: at \S+Z the certificate was expired: it ended \S+Z$/],
  [
    'an attestation only',
    [byKey(ours.privateKeyPem, { format: 'bundle', attestation })],
    {},
    /: no signatures found: an attestation \(https:\/\/slsa.dev\/provenance\/v1\) alone is no signature$/,
  ],
])('the first line tells a person: %s', async (name, signings, flags, wanted) => {
  const repository = `first/${name.replaceAll(' ', '-')}`;
  const image = pushImage(rig.registry, `${repository}:v1`, { labels: { is: name } });
  for (const sign of signings) sign(image);
  const given = flags === identity ? flags : { key: join(rig.folder, 'ours.pub'), ...flags };
  const { stdout } = await rig.run([`registry.test/${repository}:v1`], given);
  expect(stdout.split('\n')[0]).toMatch(wanted);
});

it('the first line tells a person: an image of an index', async () => {
  const { manifests } = pushImage(rig.registry, 'first/index:v1', { platforms });
  const image = `first/index@${manifests[0]?.digest}`;
  signWithKey({ registry: rig.registry, image, key: ours.privateKeyPem });
  const { stdout } = await rig.run(['registry.test/first/index:v1'], { key: join(rig.folder, 'ours.pub') });
  expect(stdout).toContain('the digest is of an index, and there are signatures of its image linux/amd64');
});

it('the first line tells a person: what a policy in CEL says in its own words, with the evidence', async () => {
  const { manifests } = pushImage(rig.registry, 'first/cel:v1', { platforms });
  const image = `first/cel@${manifests[0]?.digest}`;
  signWithKey({ registry: rig.registry, image, key: ours.privateKeyPem });
  const policy = rig.write(
    'cel.json',
    JSON.stringify({
      apiVersion: 'policies.kyverno.io/v1',
      kind: 'ImageValidatingPolicy',
      metadata: { name: 'cel' },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        },
        attestors: [{ name: 'ours', cosign: { key: { data: ours.publicKeyPem } } }],
        validations: [
          {
            expression: 'images.containers.all(i, verifyImageSignatures(i, [attestors.ours]) > 0)',
            message: 'it is not ours',
          },
        ],
      },
    }),
  );
  const { stdout } = await rig.run(['registry.test/first/cel:v1'], { policy: [policy] });
  expect(stdout.split('\n')[0]).toMatch(
    /: not verified: cel\/cel: it is not ours: registry.test\/\S+ is not verified by ours: .* of its image linux\/amd64/,
  );
});

it.each<[string, RegExp, string]>([
  ['registry.test/first/none:v1', /: not looked at: image `first\/none:v1` at `\S+` does not exist$/, 'not-found'],
  [
    'down.test/app:v1',
    /: not looked at: registry `127.0.0.1:1` cannot be reached: nothing answers there \(ECONNREFUSED\)$/,
    'registry-unreachable',
  ],
])('the first line tells a person: %s', async (image, wanted, reason) => {
  const registryMirror = [`registry.test=${rig.registry.url}`, 'down.test=http://127.0.0.1:1'];
  const { code, stdout } = await rig.run([image], { key: join(rig.folder, 'ours.pub'), registryMirror });
  const [first, second] = stdout.split('\n');
  expect(first).toMatch(wanted);
  expect(second).toBe(`  reason     ${reason}`);
  expect(code).toBe(3);
});

it('what is no reference is told in few words', async () => {
  const { stderr } = await rig.run(['registry.test/App:v1'], { key: join(rig.folder, 'ours.pub') });
  expect(stderr).toBe(
    'vouchsafe: bad image: registry.test/App:v1: invalid reference format: repository name must be lowercase\n',
  );
});
