import { describe, expect, it } from 'vitest';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { testCommand } from './test-command.ts';

const POLICY = `apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: team}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations: [{message: a team, expression: "has(object.metadata.labels) && 'team' in object.metadata.labels"}]
`;
const UNSCORED = POLICY.replace('{name: team}', "{name: unscored, annotations: {policies.kyverno.io/scored: 'false'}}");
const RESOURCES = `apiVersion: v1
kind: Pod
metadata: {name: good, labels: {team: a}}
---
apiVersion: v1
kind: Pod
metadata: {name: bad}
---
apiVersion: v1
kind: Service
metadata: {name: other}
`;

function manifest(result: string): string {
  return `apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: t}
policies: [policies.yaml]
resources: [resources.yaml]
results: [${result}]
`;
}

describe('tests of policies in CEL', () => {
  it.each([
    ['a pass', '{policy: team, resources: [good], result: pass}', true],
    ['a failure', '{policy: team, resources: [bad], result: fail}', true],
    ['a wrong pass', '{policy: team, resources: [bad], result: pass}', false],
    ['whatever rule is named', '{policy: team, rule: nonsense, resources: [bad], result: fail}', true],
    ['a failure that is not scored is a warning', '{policy: unscored, resources: [bad], result: warn}', true],
    ['and no failure', '{policy: unscored, resources: [bad], result: fail}', false],
    ['what it is not about is excluded', '{policy: team, resources: [other], result: skip}', true],
    ['which satisfies no failure', '{policy: team, resources: [other], result: fail}', false],
  ])('%s', async (_name, result, holds) => {
    const folder = createFolder({
      'policies.yaml': `${POLICY}---\n${UNSCORED}`,
      'resources.yaml': RESOURCES,
      'kyverno-test.yaml': manifest(result),
    });
    const { code, stdout } = await runCaptured(testCommand, ['.'], { cwd: folder });
    expect(stdout).toContain(holds ? '1 tests passed and 0 tests failed' : '0 tests passed and 1 tests failed');
    expect(code).toBe(holds ? 0 : 1);
  });

  it('a failing one tells what the parts of expressions came to', async () => {
    const folder = createFolder({
      'policies.yaml': POLICY,
      'resources.yaml': RESOURCES,
      'kyverno-test.yaml': manifest('{policy: team, resources: [bad], result: pass}'),
    });
    const { stdout } = await runCaptured(testCommand, ['.'], { cwd: folder });
    expect(stdout).toContain('has(object.metadata.labels) → false');
  });
});
