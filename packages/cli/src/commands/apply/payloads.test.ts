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
const FOLDER = createFolder({
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

  it('those of Envoy and HTTP are refused in words', async () => {
    const { code, stderr } = await apply('steps.yaml', '--http-payload', 'few.json');
    expect(stderr).toContain('payloads of Envoy and HTTP are');
    expect(code).toBe(1);
  });

  it('are named by their path in tests', async () => {
    const { code, stdout } = await runCaptured(testCommand, ['kyverno-test.yaml'], { cwd: FOLDER });
    expect(stdout).toContain('2 tests passed and 0 tests failed');
    expect(code).toBe(0);
  });
});
