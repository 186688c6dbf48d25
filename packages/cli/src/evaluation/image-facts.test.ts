import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { pushImage, type Registry, signWithKey, startRegistry } from '@vouchsafe/sandbox';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { applyCommand } from '../commands/apply/apply-command.ts';
import { testCommand } from '../commands/test/test-command.ts';
import { createFolder, runCaptured } from '../flags/run-captured.fixture.ts';

let registry: Registry;
const key = generateKeyPair('ecdsa-p256');
const POLICY = `
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: signed}
spec:
  validationFailureAction: Enforce
  background: false
  rules:
    - name: by-key
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - imageReferences: ["registry.example.com/*"]
          attestors: [{entries: [{keys: {publicKeys: ${JSON.stringify(key.publicKeyPem)}, rekor: {ignoreTlog: true, url: "https://rekor.sigstore.dev"}, ctlog: {ignoreSCT: true}}}]}]
    - name: small
      match: {any: [{resources: {kinds: [Pod]}}]}
      context: [{name: image, imageRegistry: {reference: "{{request.object.spec.containers[0].image}}"}}]
      validate: {deny: {conditions: {any: [{key: "{{image.configData.config.User || ''}}", operator: Equals, value: root}]}}}
`;
const BUNDLE_POLICY = `
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: bundles}
spec:
  validationFailureAction: Enforce
  rules:
    - name: by-key
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - imageReferences: ["registry.example.com/*"]
          type: SigstoreBundle
          attestors: [{entries: [{keys: {publicKeys: ${JSON.stringify(key.publicKeyPem)}, rekor: {ignoreTlog: true, url: "https://rekor.sigstore.dev"}}}]}]
`;
const pod = (name: string, image = name) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: c, image: "registry.example.com/${image}:v1"}]}\n`;
const TEST = `apiVersion: cli.kyverno.io/v1alpha1
kind: Test
policies: [p.yaml]
resources: [r.yaml]
results:
- {policy: signed, rule: by-key, kind: Pod, resources: [good], result: pass}
- {policy: signed, rule: by-key, kind: Pod, resources: [bad], result: fail}
- {policy: signed, rule: small, kind: Pod, resources: [good, bad], result: pass}
`;
const ATTESTORS = `[{name: key, cosign: {key: {data: ${JSON.stringify(key.publicKeyPem)}}, ctlog: {insecureIgnoreTlog: true}}}]`;
const CONSTRAINTS = '{resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}';
const imagePolicy = (name: string, spec: string) =>
  `apiVersion: policies.kyverno.io/v1\nkind: ImageValidatingPolicy\nmetadata: {name: ${name}}\nspec: {${spec}, attestors: ${ATTESTORS}}\n`;
// The second is met by what the first verifies.
const IMAGE_POLICIES = [
  imagePolicy(
    'by-key',
    `matchConstraints: ${CONSTRAINTS}, validationConfigurations: {verifyDigest: false}, validations: [{message: unsigned, expression: "images.containers.all(i, verifyImageSignatures(i, [attestors.key]) > 0)"}]`,
  ),
  imagePolicy(
    'all',
    `matchConstraints: ${CONSTRAINTS}, validationConfigurations: {verifyDigest: false}, validations: [{expression: "true"}]`,
  ),
].join('---\n');
const PAYLOAD_POLICY = imagePolicy(
  'payloads',
  'evaluation: {mode: JSON}, validationConfigurations: {verifyDigest: false}, images: [{name: run, expression: "[object.run]"}], validations: [{message: unsigned, expression: "images.run.all(i, verifyImageSignatures(i, [attestors.key]) > 0)"}]',
);
const EXCEPTION = `apiVersion: policies.kyverno.io/v1
kind: PolicyException
metadata: {name: e, namespace: default}
spec:
  policyRefs: [{name: by-key, kind: ImageValidatingPolicy}, {name: all, kind: ImageValidatingPolicy}]
  matchConditions: [{name: named, expression: object.metadata.name == "excepted"}]
`;
const CEL_TEST = `apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: t}
policies: [p.yaml]
resources: [r.yaml]
exceptions: [e.yaml]
results:
- {policy: by-key, isImageValidatingPolicy: true, kind: Pod, resources: [good], result: pass}
- {policy: by-key, isImageValidatingPolicy: true, kind: Pod, resources: [bad], result: fail}
- {policy: by-key, isImageValidatingPolicy: true, kind: Pod, resources: [excepted], result: skip}
- {policy: all, isImageValidatingPolicy: true, kind: Pod, resources: [good], result: pass}
- {policy: all, isImageValidatingPolicy: true, kind: Pod, resources: [bad], result: fail}
`;
const FOLDER = createFolder({
  'p.yaml': POLICY,
  'bundles.yaml': BUNDLE_POLICY,
  'attested.yaml': pod('attested'),
  'r.yaml': `${pod('good')}---\n${pod('bad')}`,
  'kyverno-test.yaml': TEST,
  'cel/p.yaml': IMAGE_POLICIES,
  'cel/json.yaml': PAYLOAD_POLICY,
  'cel/r.yaml': `${pod('good')}---\n${pod('bad')}---\n${pod('excepted', 'bad')}`,
  'cel/e.yaml': EXCEPTION,
  'cel/good.json': '{"run": "registry.example.com/good:v1"}',
  'cel/bad.json': '{"run": "registry.example.com/bad:v1"}',
  'cel/kyverno-test.yaml': CEL_TEST,
});

beforeAll(async () => {
  registry = await startRegistry();
  const { image } = pushImage(registry, 'good:v1');
  pushImage(registry, 'bad:v1');
  signWithKey({ registry, image, key: key.privateKeyPem });
  const attestation = { predicateType: 'https://slsa.dev/provenance/v1', predicate: {} };
  const attested = pushImage(registry, 'attested:v1', { labels: { name: 'attested' } });
  signWithKey({ registry, image: attested.image, key: key.privateKeyPem, format: 'bundle', attestation });
});
afterAll(() => registry.stop());

function mirror(): string {
  return `registry.example.com=${registry.url}`;
}

it('test judges images by what a registry holds', async () => {
  const { code, stdout } = await runCaptured(testCommand, ['.', '--registry-mirror', mirror()], { cwd: FOLDER });
  expect(stdout).toMatch(/Test Summary: \d+ tests passed and 0 tests failed/);
  expect(code).toBe(0);
});

it('apply as well', async () => {
  const args = ['p.yaml', '-r', 'r.yaml', '--registry', '--registry-mirror', mirror()];
  const { code, stdout } = await runCaptured(applyCommand, args, { cwd: FOLDER });
  expect(stdout).toContain('policy signed -> resource default/Pod/bad failed:\n1 - by-key ');
  expect(stdout).not.toContain('resource default/Pod/good failed');
  expect(code).toBe(1);
});

it.each([
  [[], 1],
  [['--accept-any-statement'], 0],
])('an attestation alone is a signature with %j', async (more, expected) => {
  const args = ['bundles.yaml', '-r', 'attested.yaml', '--registry-mirror', mirror(), ...more];
  expect((await runCaptured(applyCommand, args, { cwd: FOLDER })).code).toBe(expected);
});

it('without --registry nothing is asked, and nothing is taken as verified', async () => {
  const { code, stdout } = await runCaptured(applyCommand, ['p.yaml', '-r', 'r.yaml'], { cwd: FOLDER });
  expect(stdout).toContain('policy signed -> resource default/Pod/good failed:\n1 - by-key missing digest');
  expect(code).toBe(1);
});

it.each([
  [['--registry-mirror', 'nothing'], '--registry-mirror is HOST=URL, not `nothing`'],
  [['--trusted-root', 'none.json'], '--trusted-root: '],
])('%j is refused', async (args, message) => {
  writeFileSync(join(FOLDER, 'unused.json'), '{}');
  const { code, stderr } = await runCaptured(applyCommand, ['p.yaml', '-r', 'r.yaml', ...args], { cwd: FOLDER });
  expect(stderr).toContain(message);
  expect(code).toBe(1);
});

it('test judges by ImageValidatingPolicies together', async () => {
  const { code, stdout } = await runCaptured(testCommand, ['cel', '--registry-mirror', mirror()], { cwd: FOLDER });
  expect(stdout).toContain('Test Summary: 5 tests passed and 0 tests failed');
  expect(code).toBe(0);
});

it('apply tells what is not verified, and pins nothing', async () => {
  const args = ['cel/p.yaml', '-r', 'cel/r.yaml', '--registry', '--registry-mirror', mirror()];
  const { code, stdout } = await runCaptured(applyCommand, args, { cwd: FOLDER });
  expect(stdout).toContain('policy by-key -> resource default/Pod/bad failed:\n1 - by-key unsigned');
  expect(stdout).toContain('1 - all image registry.example.com/bad:v1 failed signature or attestation verification');
  expect(stdout).toContain('pass: 2, fail: 4, warn: 0, error: 0, skip: 0');
  expect(code).toBe(1);
});

it.each([
  ['good', 'pass: 1, fail: 0', 0],
  ['bad', 'pass: 0, fail: 1', 1],
])('payloads: %s', async (name, told, wanted) => {
  const args = ['cel/json.yaml', '--json', `cel/${name}.json`, '--registry', '--registry-mirror', mirror()];
  const { code, stdout } = await runCaptured(applyCommand, args, { cwd: FOLDER });
  expect(stdout).toContain(told);
  expect(code).toBe(wanted);
});

it('without --registry images of policies in CEL are not taken as verified, either', async () => {
  const { code, stdout } = await runCaptured(applyCommand, ['cel/p.yaml', '-r', 'cel/r.yaml'], { cwd: FOLDER });
  expect(stdout).toContain('pass: 0');
  expect(code).not.toBe(0);
});
