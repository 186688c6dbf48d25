import { describe, expect, it } from 'vitest';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { testCommand } from '../test/test-command.ts';
import { applyCommand } from './apply-command.ts';

const POLICY = `apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: steps}
spec:
  evaluation: {mode: JSON}
  validations:
    - message: too many
      expression: object.steps < 4
`;
const CHECKED = (mode: string, expression: string) => `apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: ${mode.toLowerCase()}}
spec:
  evaluation: {mode: ${mode}}
  validations:
    - expression: "${expression}"
`;
const FOLDER = createFolder({
  'http.yaml': CHECKED(
    'HTTP',
    "object.attributes.path == '/a' ? http.Allowed().Response() : http.Denied('no').Response()",
  ),
  'envoy.yaml': CHECKED(
    'Envoy',
    "object.attributes.request.http.path == '/a' ? envoy.Allowed().Response() : envoy.Denied(403).Response()",
  ),
  'http-a.json': '{"attributes": {"path": "/a"}}',
  'http-b.json': '{"attributes": {"path": "/b"}}',
  'envoy-a.json': '{"attributes": {"request": {"http": {"path": "/a"}}}}',
  'envoy-b.json': '{"attributes": {"request": {"http": {"path": "/b"}}}}',
  'pod.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: a}]}\n',
  'checked/kyverno-test.yaml': `apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: t}
policies: [../http.yaml, ../envoy.yaml]
httpPayloads: [../http-a.json, ../http-b.json]
envoyPayloads: [../envoy-b.json]
results:
  - {policy: http, resources: [http-a.json], result: pass}
  - {policy: http, resources: [http-b.json], result: fail}
  - {policy: envoy, resources: [envoy-b.json], result: fail}
`,
  'steps.yaml': POLICY,
  'integers.yaml': POLICY.replace('object.steps < 4', 'object.steps + 1 < 4'),
  'resources.yaml': POLICY.replace(
    'evaluation: {mode: JSON}',
    'matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}',
  ),
  'few.json': '{"steps": 2}',
  'few.yaml': 'steps: 2\n',
  'deep/many.json': '{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "x"}, "steps": 9}',
  'list.json': '[{"steps": 1}]',
  'two.yaml': 'steps: 1\n---\nsteps: 2\n',
  'kyverno-test.yaml': `apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: t}
policies: [steps.yaml]
jsonPayloads: [few.json, ./deep/many.json]
results:
  - {policy: steps, resources: [few.json], result: pass}
  - {policy: steps, resources: [./deep/many.json], result: fail}
`,
});

function apply(...args: readonly string[]) {
  return runCaptured(applyCommand, args, { cwd: FOLDER });
}

describe('payloads', () => {
  it.each([
    ['few.json', 'pass: 1, fail: 0, warn: 0, error: 0, skip: 0', 0],
    ['few.yaml', 'pass: 1, fail: 0, warn: 0, error: 0, skip: 0', 0],
    ['deep/many.json', 'pass: 0, fail: 1, warn: 0, error: 0, skip: 0', 1],
    ['few.json,deep/many.json', 'pass: 1, fail: 1, warn: 0, error: 0, skip: 0', 1],
  ])('%s', async (files, figures, wanted) => {
    const { code, stdout } = await apply('steps.yaml', '--json', files);
    expect(stdout).toContain(figures);
    expect(code).toBe(wanted);
  });

  it('numbers of JSON are doubles, those of YAML stay integers', async () => {
    expect((await apply('integers.yaml', '--json', 'few.json')).stdout).toContain('error: 1');
    expect((await apply('integers.yaml', '--json', 'few.yaml')).stdout).toContain('pass: 1');
  });

  it.each([
    ['list.json', 'a payload is an object'],
    ['two.yaml', 'a payload is one document'],
    ['none.json', 'none.json'],
  ])('%s is refused', async (file, message) => {
    const { code, stderr } = await apply('steps.yaml', '--json', file);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });

  it('policies about resources do not judge them: nothing was evaluated', async () => {
    const { code, stderr } = await apply('resources.yaml', '--json', 'few.json');
    expect(stderr).toContain('nothing was evaluated');
    expect(code).toBe(4);
  });

  it('are named by their path in tests', async () => {
    const { code, stdout } = await runCaptured(testCommand, ['kyverno-test.yaml'], { cwd: FOLDER });
    expect(stdout).toContain('2 tests passed and 0 tests failed');
    expect(code).toBe(0);
  });
});

describe('requests to authorization servers', () => {
  it.each([
    ['http.yaml', '--http-payload', 'http-a.json', 'pass: 1, fail: 0, warn: 0, error: 0, skip: 0', 0],
    ['http.yaml', '--http-payload', 'http-a.json,http-b.json', 'pass: 1, fail: 1, warn: 0, error: 0, skip: 0', 1],
    ['envoy.yaml', '--envoy-payload', 'envoy-a.json', 'pass: 1, fail: 0, warn: 0, error: 0, skip: 0', 0],
    ['envoy.yaml', '--envoy-payload', 'envoy-b.json', 'pass: 0, fail: 1, warn: 0, error: 0, skip: 0', 1],
  ])('%s %s %s', async (policy, flag, files, figures, wanted) => {
    const { code, stdout } = await apply(policy, flag, files);
    expect(stdout).toContain(figures);
    expect(code).toBe(wanted);
  });

  it('tells why one was denied', async () => {
    expect((await apply('http.yaml', '--http-payload', 'http-b.json')).stdout).toContain('request denied, reason: no');
    expect((await apply('envoy.yaml', '--envoy-payload', 'envoy-b.json')).stdout).toContain(
      'request denied with status code 403',
    );
  });

  it.each([
    ['a request of HTTP to a policy of Envoy', 'envoy.yaml', '--http-payload', 'http-a.json'],
    ['a payload to a policy of HTTP', 'http.yaml', '--json', 'http-a.json'],
    ['a request of HTTP to a policy of payloads', 'steps.yaml', '--http-payload', 'http-a.json'],
    ['a request of HTTP to a policy of resources', 'resources.yaml', '--http-payload', 'http-a.json'],
  ])('%s: nothing is evaluated', async (_, policy, flag, file) => {
    const { code, stderr } = await apply(policy, flag, file);
    expect(stderr).toContain('nothing was evaluated');
    expect(code).toBe(4);
  });

  it('their policies judge no resources', async () => {
    const { stdout } = await apply('http.yaml', '-r', 'pod.yaml');
    expect(stdout).toContain('pass: 0, fail: 0, warn: 0, error: 0, skip: 0');
  });

  it('what is none is refused', async () => {
    const { code, stderr } = await apply('envoy.yaml', '--envoy-payload', 'http-a.json');
    expect(stderr).toContain('no CheckRequest of Envoy: attributes.path is no field');
    expect(code).toBe(1);
  });

  it('are named by their path in tests, or its end', async () => {
    const { code, stdout } = await runCaptured(testCommand, ['checked/kyverno-test.yaml'], { cwd: FOLDER });
    expect(stdout).toContain('3 tests passed and 0 tests failed');
    expect(code).toBe(0);
  });
});
