import { describe, expect, it } from 'vitest';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { testCommand } from './test-command.ts';

const POLICY = `
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: labels}
spec:
  rules:
    - name: team
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate: {message: team please, pattern: {metadata: {labels: {team: "?*"}}}}
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: add}
spec:
  rules:
    - name: tier
      match: {any: [{resources: {kinds: [Pod]}}]}
      mutate: {patchStrategicMerge: {metadata: {labels: {tier: web}}}}
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: maps}
spec:
  rules:
    - name: own
      match: {any: [{resources: {kinds: [ConfigMap]}}]}
      validate: {pattern: {data: {}}}
`;
const RESOURCES = `
apiVersion: v1
kind: Pod
metadata: {name: good, labels: {team: a}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bad}
spec: {containers: [{name: c, image: i}]}
`;
const PATCHED = `
apiVersion: v1
kind: Pod
metadata: {name: good, namespace: default, labels: {team: a, tier: WRONG}, annotations: {}}
spec: {containers: [{name: c, image: i}]}
`;
const HEAD = 'apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: t}\n';

interface Row {
  readonly policy: string;
  readonly rule?: string;
  readonly resources?: readonly string[];
  readonly result: string;
  readonly patchedResources?: string;
}

function suite(
  rows: readonly Row[],
  more: Readonly<Record<string, string>> = {},
  head = 'policies: [p.yaml]\nresources: [r.yaml]\n',
) {
  return createFolder({
    'kyverno-test.yaml': `${HEAD}${head}results: ${JSON.stringify(rows)}\n`,
    'p.yaml': POLICY,
    'r.yaml': RESOURCES,
    'patched.yaml': PATCHED,
    ...more,
  });
}

function run(cwd: string, ...args: readonly string[]) {
  return runCaptured(testCommand, ['.', ...args], { cwd });
}

async function rowsOf(rows: readonly Row[], more: Readonly<Record<string, string>> = {}) {
  const { stdout, code } = await run(suite(rows, more), '-o', 'json', '--detailed-results');
  const json = stdout.slice(stdout.indexOf('\n['), stdout.lastIndexOf(']') + 1);
  const found = JSON.parse(json) as readonly { RESULT: string; REASON: string; RESOURCE: string; Message: string }[];
  return { code, found };
}

const GOOD: Row = { policy: 'labels', rule: 'team', resources: ['good'], result: 'pass' };
const BAD: Row = { policy: 'labels', rule: 'team', resources: ['bad'], result: 'fail' };

describe('a suite that holds', () => {
  it('prints what it does, a table and the summary, and exits with 0', async () => {
    const cwd = suite([GOOD, BAD]);
    const { code, stdout, stderr } = await run(cwd);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`Loading test  ( kyverno-test.yaml ) ...
  Loading values/variables ...
  Loading policies ...
  Loading resources ...
  Loading exceptions ...
  Applying 3 policies to 2 resources with 0 exceptions ...
  Checking results ...

│────│────────│──────│─────────────────────│────────│────────│
│ ID │ POLICY │ RULE │ RESOURCE            │ RESULT │ REASON │
│────│────────│──────│─────────────────────│────────│────────│
│ 1  │ labels │ team │ v1/Pod/default/good │ Pass   │ Ok     │
│ 2  │ labels │ team │ v1/Pod/default/bad  │ Pass   │ Ok     │
│────│────────│──────│─────────────────────│────────│────────│


Test Summary: 2 tests passed and 0 tests failed

`);
  });
});

describe('what a row says', () => {
  it.each<[string, Row, string, string]>([
    ['a result as expected', GOOD, 'Pass', 'Ok'],
    ['another result', { ...GOOD, result: 'fail' }, 'Fail', 'Want fail, got pass'],
    ['no rule about the resource', { ...GOOD, policy: 'maps', rule: 'own' }, 'Pass', 'Excluded'],
    [
      'the same where a failure is expected',
      { ...GOOD, policy: 'maps', rule: 'own', result: 'fail' },
      'Fail',
      'Want fail, got excluded',
    ],
    ['a policy that is not there', { ...GOOD, policy: 'none' }, 'Fail', 'Not found'],
    ['a rule that is not there', { ...GOOD, rule: 'none' }, 'Fail', 'Not found'],
    ['a resource that is not there', { ...GOOD, resources: ['none'] }, 'Fail', 'Not found'],
    [
      'another object than expected',
      { ...GOOD, policy: 'add', rule: 'tier', patchedResources: 'patched.yaml' },
      'Fail',
      'Resource diff',
    ],
    [
      'an object the file does not hold',
      { ...GOOD, policy: 'add', rule: 'tier', resources: ['bad'], patchedResources: 'patched.yaml' },
      'Pass',
      'Ok',
    ],
    [
      'a file that is not there',
      { ...GOOD, policy: 'add', rule: 'tier', patchedResources: 'none.yaml' },
      'Fail',
      'Resource error',
    ],
  ])('%s', async (_, row, result, reason) => {
    const { code, found } = await rowsOf([row]);
    expect(found.map(({ RESULT, REASON }) => [RESULT, REASON])).toEqual([[result, reason]]);
    expect(code).toBe(result === 'Pass' ? 0 : 1);
  });

  it('an invalid policy passes nothing', async () => {
    const invalid = POLICY.replace(
      'kind: ClusterPolicy\nmetadata: {name: maps}',
      'kind: ClusterPolicy\nmetadata: {name: twice}',
    ).replace('name: own', 'name: own, mutate: {patchStrategicMerge: {}}');
    const broken = `${invalid.split('---')[2]?.replace('    - name: own, mutate: {patchStrategicMerge: {}}', '    - name: own\n      mutate: {patchStrategicMerge: {a: 1}}')}`;
    const { found } = await rowsOf([{ ...GOOD, policy: 'twice', rule: 'own' }], { 'p.yaml': broken });
    expect(found.map(({ RESULT, REASON }) => [RESULT, REASON])).toEqual([['Fail', 'Invalid Policy']]);
  });

  it('shows the difference of the objects and how the rule came to its result', async () => {
    const row = { ...GOOD, policy: 'add', rule: 'tier', patchedResources: 'patched.yaml' };
    const { stdout } = await run(suite([row]));
    expect(stdout).toContain('-     tier: WRONG\n');
    expect(stdout).toContain('+     tier: web\n');
    expect(stdout).toContain('how the rule got there:');
    expect(stdout).toMatch(/Resource diff\n {3}at .*kyverno-test\.yaml:\d+\n/);
  });

  it('kinds that cannot run are never passed', async () => {
    const policy = 'apiVersion: policies.kyverno.io/v1\nkind: SomeFuturePolicy\nmetadata: {name: later}\nspec: {}\n';
    const { stdout, code } = await run(suite([{ ...GOOD, policy: 'later', rule: '' }], { 'p.yaml': policy }));
    expect(stdout).toContain('│ Not run │ Not supported │');
    expect(stdout).toContain('0 tests passed and 0 tests failed\n1 tests were not run');
    expect(code).toBe(3);
  });
});

describe('what cannot be run is never a silent success', () => {
  it.each([
    [
      'a missing resource file',
      'policies: [p.yaml]\nresources: [none.yaml]\n',
      'failed to load resources (open none.yaml',
    ],
    [
      'a missing policy file',
      'policies: [none.yaml]\nresources: [r.yaml]\n',
      'failed to load policies (open none.yaml',
    ],
    ['an unknown field', 'policy: [p.yaml]\n', 'found 1 errors after loading tests'],
    ['a missing values file', 'policies: [p.yaml]\nresources: [r.yaml]\nvariables: none.yaml\n', 'none.yaml'],
  ])('%s', async (_, head, message) => {
    const { code, stderr } = await run(suite([GOOD], {}, head));
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });

  it('a policy with an unknown field', async () => {
    const { code, stderr } = await run(suite([GOOD], { 'p.yaml': POLICY.replace('pattern:', 'patern:') }));
    expect(stderr).toContain('patern');
    expect(code).toBe(1);
  });

  it('one broken suite does not hide the others', async () => {
    const cwd = suite([GOOD], {
      'broken/kyverno-test.yaml': `${HEAD}policies: [none.yaml]\nresults: [{policy: a, result: pass}]\n`,
    });
    const { code, stdout } = await run(cwd);
    expect(stdout).toContain('1 tests passed and 0 tests failed');
    expect(code).toBe(1);
  });

  it.each([
    [[], 0],
    [['--require-tests'], 1],
  ])('an empty folder with %j exits with %i', async (flags, expected) => {
    const { code, stdout } = await run(createFolder({}), ...flags);
    expect(stdout).toBe('\nNo test yamls available\n');
    expect(code).toBe(expected);
  });
});

describe('flags', () => {
  it('-t takes some of the expectations, and of those some of the resources', async () => {
    const cwd = suite([{ ...GOOD, resources: ['good', 'bad'] }, BAD]);
    const selected = await run(cwd, '-t', 'policy=lab*, resource=go*');
    expect(selected.stdout).toContain('1 tests passed and 0 tests failed');
    const wrong = await run(cwd, '-t', 'kind=Pod');
    expect(wrong.stdout).toContain(
      'Invalid test-case-selector (kind=Pod). Parameter can only be policy, rule or resource.',
    );
  });

  it('--fail-only leaves out what holds', async () => {
    const { stdout } = await run(suite([GOOD, { ...BAD, result: 'pass' }]), '--fail-only');
    expect(stdout).toContain('Test Summary: 1 out of 2 tests failed\n\nAggregated Failed Test Cases : \n');
    expect(stdout).not.toContain('default/good');
  });

  it.each([
    ['json', '"RESULT": "Fail"'],
    ['yaml', 'RESULT: Fail'],
    ['markdown', '| 1 | labels | team | v1/Pod/default/bad | Fail | Want pass, got fail |'],
    ['junit', '<testsuite name="labels" tests="1" failures="1">'],
  ])('-o %s', async (format, text) => {
    const { stdout } = await run(suite([{ ...BAD, result: 'pass' }]), '-o', format);
    expect(stdout).toContain(text);
  });

  it('-o with an unknown format is refused', async () => {
    const { code, stderr } = await run(suite([GOOD]), '-o', 'xml');
    expect([code, stderr]).toEqual([1, 'Error: invalid format, expected (json, yaml, markdown, junit)\n']);
  });
});

it('values, subresources and users take part', async () => {
  const policy = `
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: scale}
spec:
  background: false
  rules:
    - name: small
      match: {any: [{resources: {kinds: [Deployment/scale]}, subjects: [{kind: User, name: jane}]}]}
      context: [{name: limits, configMap: {name: limits, namespace: default}}]
      validate: {deny: {conditions: {all: [{key: "{{request.object.spec.replicas}}", operator: GreaterThan, value: "{{limits.data.max}}"}]}}}
`;
  const scale = 'apiVersion: autoscaling/v1\nkind: Scale\nmetadata: {name: s, namespace: team}\nspec: {replicas: 3}\n';
  const values = `
apiVersion: cli.kyverno.io/v1alpha1
kind: Values
policies: [{name: scale, rules: [{name: small, values: {limits.data.max: 2}}]}]
subresources:
- subresource: {name: deployments/scale, kind: Scale, group: autoscaling, version: v1}
  parentResource: {name: deployments, kind: Deployment, group: apps, version: v1}
`;
  const user = 'apiVersion: cli.kyverno.io/v1alpha1\nkind: UserInfo\nuserInfo: {username: jane}\n';
  const cwd = suite(
    [{ policy: 'scale', rule: 'small', resources: ['team/s'], result: 'fail' }],
    { 'p.yaml': policy, 'r.yaml': scale, 'v.yaml': values, 'u.yaml': user },
    'policies: [p.yaml]\nresources: [r.yaml]\nvariables: v.yaml\nuserinfo: u.yaml\n',
  );
  expect(await run(cwd)).toMatchObject({ code: 0 });
});

it('targets and generated objects are compared too', async () => {
  const policy = `
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: spread}
spec:
  rules:
    - name: touch
      match: {any: [{resources: {kinds: [Namespace]}}]}
      mutate:
        targets: [{apiVersion: v1, kind: ConfigMap, name: settings, namespace: default}]
        patchStrategicMerge: {data: {seen: "{{request.object.metadata.name}}"}}
    - name: quota
      match: {any: [{resources: {kinds: [Namespace]}}]}
      generate: {apiVersion: v1, kind: ConfigMap, name: made, namespace: "{{request.object.metadata.name}}", data: {data: {a: b}}}
`;
  const cwd = suite([], {
    'p.yaml': policy,
    'r.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n',
    't.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n',
    'patched.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {seen: team}\n',
    'made.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made, namespace: team}\ndata: {a: b}\n',
    'kyverno-test.yaml': `${HEAD}policies: [p.yaml]\nresources: [r.yaml]\ntargetResources: [t.yaml]\nresults:
- {policy: spread, rule: touch, kind: ConfigMap, resources: [settings], patchedResources: patched.yaml, result: pass}
- {policy: spread, rule: quota, kind: Namespace, resources: [team], generatedResource: made.yaml, result: pass}
`,
  });
  const { code, stdout } = await run(cwd);
  expect(stdout).toContain('2 tests passed and 0 tests failed');
  expect(code).toBe(0);
});

describe('--as-kyverno', () => {
  const INVALID = `
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: broken}
spec: {rules: [{name: ${'r'.repeat(64)}, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {pattern: {a: b}}}]}
`;
  const PATCH_OF_NOBODY: Row = { ...GOOD, policy: 'add', rule: 'tier', patchedResources: 'other.yaml' };
  it.each<[string, Row, number, string[]]>([
    [
      'a name that does not exist means all resources',
      { ...GOOD, resources: ['typo'] },
      1,
      ['Ok', 'Want pass, got fail'],
    ],
    ['a rule that does not exist is excluded', { ...GOOD, rule: 'typo' }, 0, ['Excluded']],
    ['excluded is good for `fail`', { ...BAD, policy: 'maps', rule: 'own' }, 0, ['Excluded']],
    ['an invalid policy is skipped', { ...GOOD, policy: 'broken', rule: 'x' }, 0, ['Invalid Policy']],
    ['a row whose expected object is not in the file is left out', { ...PATCH_OF_NOBODY, result: 'fail' }, 0, []],
  ])('%s', async (_what, row, code, reasons) => {
    const other = PATCHED.replace('name: good', 'name: nobody');
    const cwd = suite(
      [row],
      { 'i.yaml': INVALID, 'other.yaml': other },
      'policies: [p.yaml, i.yaml]\nresources: [r.yaml]\n',
    );
    const lenient = await run(cwd, '--as-kyverno', '-o', 'json');
    expect(lenient.code).toBe(code);
    expect([...lenient.stdout.matchAll(/"REASON": "([^"]*)"/g)].map(([, reason]) => reason)).toEqual(reasons);
    expect((await run(cwd)).code).toBe(1);
  });
});
