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
const pod = (name: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: c, image: "registry.example.com/${name}:v1"}]}\n`;
const TEST = `apiVersion: cli.kyverno.io/v1alpha1
kind: Test
policies: [p.yaml]
resources: [r.yaml]
results:
- {policy: signed, rule: by-key, kind: Pod, resources: [good], result: pass}
- {policy: signed, rule: by-key, kind: Pod, resources: [bad], result: fail}
- {policy: signed, rule: small, kind: Pod, resources: [good, bad], result: pass}
`;
const FOLDER = createFolder({
  'p.yaml': POLICY,
  'r.yaml': `${pod('good')}---\n${pod('bad')}`,
  'kyverno-test.yaml': TEST,
});

beforeAll(async () => {
  registry = await startRegistry();
  const { image } = pushImage(registry, 'good:v1');
  pushImage(registry, 'bad:v1');
  signWithKey({ registry, image, key: key.privateKeyPem });
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

it('without --registry nothing is asked, and nothing is taken as verified', async () => {
  const { code, stdout } = await runCaptured(applyCommand, ['p.yaml', '-r', 'r.yaml'], { cwd: FOLDER });
  expect(stdout).toContain('policy signed -> resource default/Pod/good failed:\n1 - by-key missing digest');
  expect(code).toBe(1);
});

it.each([
  [['--registry-mirror', 'nothing'], '--registry-mirror is HOST=URL, not "nothing"'],
  [['--trusted-root', 'none.json'], '--trusted-root: '],
])('%j is refused', async (args, message) => {
  writeFileSync(join(FOLDER, 'unused.json'), '{}');
  const { code, stderr } = await runCaptured(applyCommand, ['p.yaml', '-r', 'r.yaml', ...args], { cwd: FOLDER });
  expect(stderr).toContain(message);
  expect(code).toBe(1);
});
