import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { applyCommand } from './apply-command.ts';

const POLICY = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: labels}
spec:
  validationFailureAction: Audit
  rules:
    - name: team
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate: {message: team please, pattern: {metadata: {labels: {team: "?*"}}}}
`;
const MUTATION = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: add}
spec:
  rules:
    - name: team
      match: {any: [{resources: {kinds: [Pod]}}]}
      mutate: {patchStrategicMerge: {metadata: {labels: {+(team): none}}}}
`;
const GOOD =
  'apiVersion: v1\nkind: Pod\nmetadata:\n  name: good\n  labels: {team: a}\nspec: {containers: [{name: c, image: i}]}\n';
const BAD =
  'apiVersion: v1\nkind: Pod\nmetadata:\n  name: bad\n  labels:\n    app: x\nspec: {containers: [{name: c, image: i}]}\n';
const FOLDER = createFolder({
  'labels.yaml': POLICY,
  'mutation.yaml': MUTATION,
  'typo.yaml': POLICY.replace('rules:', 'ruls:'),
  'good.yaml': GOOD,
  'both.yaml': `${GOOD}---\n${BAD}`,
  'list.yaml': `apiVersion: v1\nkind: List\nitems:\n${[GOOD, BAD].map((text) => `- ${text.replaceAll('\n', '\n  ').trimEnd()}\n`).join('')}`,
  'dir/one.yaml': GOOD,
  'dir/deep/two.yaml': BAD,
  'exception.yaml':
    'apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: e, namespace: n}\nspec: {exceptions: [{policyName: labels, ruleNames: [team]}], match: {any: [{resources: {kinds: [Pod], names: [bad]}}]}}\n',
});

function run(...args: readonly string[]) {
  return runCaptured(applyCommand, args, { cwd: FOLDER });
}

describe('the plain output', () => {
  it('tells what failed and where it is written, then the figures', async () => {
    const { code, stdout } = await run('labels.yaml', '-r', 'both.yaml');
    expect(stdout).toBe(`
Applying 3 policy rule(s) to 2 resource(s)...
policy labels -> resource default/Pod/bad failed:
1 - team validation error: team please. rule team failed at path /metadata/labels/team/
    at both.yaml:12

pass: 1, fail: 1, warn: 0, error: 0, skip: 0 
`);
    expect(code).toBe(1);
  });

  it('prints every mutated resource as Go writes YAML', async () => {
    const { code, stdout } = await run('mutation.yaml', '-r', 'both.yaml');
    expect(stdout).toContain(
      '\npolicy add applied to default/Pod/bad:\napiVersion: v1\nkind: Pod\nmetadata:\n    labels:\n        app: x\n        team: none\n',
    );
    expect(stdout).toContain('\n---\n\n\nMutation:\nMutation has been applied successfully.');
    expect(stdout).toContain('\nskipped mutate policy add -> resource default/Pod/good\n');
    expect(code).toBe(0);
  });

  it('with --stdin is nothing but the resources', async () => {
    const { stdout } = await run('mutation.yaml', '-r', 'good.yaml', '--stdin');
    expect(stdout).toBe(
      '\napiVersion: v1\nkind: Pod\nmetadata:\n    labels:\n        team: a\n    name: good\n    namespace: default\nspec:\n    containers:\n        - image: i\n          name: c\n\n---\n',
    );
  });
});

describe('exit codes', () => {
  it.each([
    ['all passed', ['labels.yaml', '-r', 'good.yaml'], 0],
    ['a failure', ['labels.yaml', '-r', 'both.yaml'], 1],
    ['audited failures as warnings', ['labels.yaml', '-r', 'both.yaml', '--audit-warn'], 0],
    ['warnings with a code', ['labels.yaml', '-r', 'both.yaml', '--audit-warn', '--warn-exit-code', '3'], 3],
    ['nothing passed', ['mutation.yaml', '-r', 'good.yaml', '--warn-no-pass', '--warn-exit-code', '5'], 5],
    ['a policy that cannot be read', ['typo.yaml', '-r', 'good.yaml'], 1],
    ['a missing file', ['none.yaml', '-r', 'good.yaml'], 1],
    ['no policy in the files', ['good.yaml', '-r', 'good.yaml'], 4],
    ['the same when allowed', ['good.yaml', '-r', 'good.yaml', '--allow-empty'], 0],
  ])('%s', async (_, args, expected) => {
    expect((await run(...args)).code).toBe(expected);
  });

  it('of the same as kyverno: nothing evaluated is a success', async () => {
    const args = ['good.yaml', '-r', 'good.yaml'];
    expect((await runCaptured(applyCommand, args, { cwd: FOLDER, programName: 'kyverno' })).code).toBe(0);
  });

  it('a policy with a misspelt field is named', async () => {
    const { stdout } = await run('typo.yaml', '-r', 'good.yaml');
    expect(stdout).toContain('Policies Skipped:\n1. typo.yaml: typo.yaml:6:3: error: unknown field');
  });
});

describe('arguments that cannot go together', () => {
  it.each([
    [[], 'require policy'],
    [['labels.yaml'], 'resource file(s) or cluster required'],
    [['-', '-r', '-'], 'a stdin pipe can be used for either policies or resources, not both'],
    [
      ['labels.yaml', '-r', 'good.yaml', '-s', 'a=b', '-f', 'v.yaml'],
      'pass the values either using set flag or values_file flag',
    ],
    [
      ['labels.yaml', '-r', 'good.yaml', '--json', 'x'],
      'both resource and json files can not be used together, use one or the other',
    ],
    [
      ['labels.yaml', '-c', '--crd-paths', 'a', '--kubeconfig', 'k'],
      'crd-paths and kubeconfig flags are mutually exclusive, please use only one of them',
    ],
    [['labels.yaml', '-r', 'good.yaml', '--warn-exit-code', 'x'], 'invalid argument "x" for "--warn-exit-code" flag'],
  ])('%j', async (args, message) => {
    expect(await run(...args)).toEqual({ code: 1, stdout: '', stderr: `Error: ${message}\n` });
  });
});

describe('resources', () => {
  const figures = async (...resources: readonly string[]): Promise<string | undefined> => {
    const { stdout } = await run('labels.yaml', ...resources.flatMap((path) => ['-r', path]));
    return `${/to (\d+) resource/.exec(stdout)?.[1]}: ${/pass: \d+, fail: \d+/.exec(stdout)?.[0]}`;
  };

  it.each([
    [['both.yaml'], '2: pass: 1, fail: 1'],
    [['list.yaml'], '2: pass: 1, fail: 1'],
    [['dir'], '1: pass: 1, fail: 0'],
    [['dir/**/*.yaml'], '2: pass: 1, fail: 1'],
    [['good.yaml,both.yaml'], '3: pass: 2, fail: 1'],
    [['good.yaml', 'good.yaml'], '1: pass: 1, fail: 0'],
  ])('%j', async (paths, expected) => {
    expect(await figures(...paths)).toBe(expected);
  });

  it('may be excepted', async () => {
    const { code, stdout } = await run('labels.yaml', '-r', 'both.yaml', '-e', 'exception.yaml');
    expect(stdout).toContain('to 2 resource(s) with 1 exception(s)...');
    expect(stdout).toContain('pass: 1, fail: 0, warn: 0, error: 0, skip: 1');
    expect(code).toBe(0);
  });
});

describe('what cannot be read or evaluated is told', () => {
  const cwd = createFolder({
    'good.yaml': GOOD,
    'labels.yaml': POLICY,
    'torn.yaml': 'a: [',
    'values.yaml': 'a: b\n',
    'p/labels.yaml': POLICY,
    'p/template.yaml': '{{- if .Values.x }}\na: [',
    'broken.yaml': POLICY.replace('team please', '"{{ a..b }}"').replace(
      'pattern: {metadata: {labels: {team: "?*"}}}',
      'deny: {conditions: {all: [{key: "{{ request.object.none }}", operator: Equals, value: x}]}}',
    ),
  });
  const run = (...args: readonly string[]) => runCaptured(applyCommand, [...args, '-r', 'good.yaml'], { cwd });

  it('a named file that is no YAML, beside a good one', async () => {
    const { code, stdout } = await run('torn.yaml', 'labels.yaml');
    expect(stdout).toContain('Policies Skipped:\n1. torn.yaml: torn.yaml:1:');
    expect(stdout).toContain('pass: 1, fail: 0, warn: 0, error: 1, skip: 0');
    expect(code).toBe(1);
  });

  it('a named file without a policy, and a file of a folder that is no YAML', async () => {
    expect((await run('values.yaml', 'labels.yaml')).stderr).toBe('Warning: values.yaml holds no policy\n');
    const { code, stderr } = await run('p');
    expect(stderr).toMatch(/^Warning: left out: p\/template\.yaml:/);
    expect(code).toBe(0);
  });

  it('expressions that are none, and rules that end in an error', async () => {
    const { code, stdout, stderr } = await run('broken.yaml');
    expect(stderr).toMatch(/^Warning: broken\.yaml:\d+:\d+: warning: `a\.\.b` is no JMESPath expression/);
    expect(stdout).toContain('policy labels -> resource default/Pod/good could not be evaluated:\n1 - team failed to');
    expect(stdout).toContain('    at good.yaml:');
    expect(code).toBe(1);
  });

  it.each([
    [['labels.yaml', '--crd-paths', 'torn.yaml'], 'torn.yaml:1:'],
    [['labels.yaml', '-p', '--output-format', 'xml'], 'invalid output format: xml'],
    [['labels.yaml', '-o', 'sarif=none/x.sarif'], 'none/x.sarif: no such file or directory'],
    [['labels.yaml', '-o', 'sarif', '-o', 'github'], 'only one format goes to standard output'],
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await run(...args);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });
});

it('a folder of policies may hold other files; one that names Kyverno must be readable', async () => {
  const files = { 'p/labels.yaml': POLICY, 'p/chart/template.yaml': 'a: {{ .Values.x }}\n  b: [\n', 'r.yaml': GOOD };
  const run = (cwd: string) => runCaptured(applyCommand, ['p', '-r', 'r.yaml'], { cwd });
  expect(await run(createFolder(files))).toMatchObject({ code: 0 });
  const broken = await run(createFolder({ ...files, 'p/broken.yaml': 'apiVersion: kyverno.io/v1\nkind: [\n' }));
  expect(broken.stdout).toContain('1. p/broken.yaml: p/broken.yaml:');
  expect(broken.code).toBe(1);
});

describe('other outputs', () => {
  it('a table of all results', async () => {
    const { stdout } = await run('labels.yaml', '-r', 'both.yaml', '-t', '--detailed-results');
    expect(stdout).toContain('│ 1  │ labels │ team │ default/Pod/good │ Pass   │        │');
    expect(stdout).toContain("validation rule 'team' passed.");
  });

  it('a report, in YAML or JSON', async () => {
    const { stdout } = await run('labels.yaml', '-r', 'both.yaml', '-p', '--output-format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'ClusterReport',
      metadata: { name: 'merged' },
      summary: { pass: 1, fail: 1 },
      results: [{ result: 'pass' }, { result: 'fail', subjects: [{ kind: 'Pod', name: 'bad', namespace: 'default' }] }],
    });
  });

  it('exceptions for what failed', async () => {
    const { stdout } = await run('labels.yaml', '-r', 'both.yaml', '--generate-exceptions');
    expect(stdout).toContain('name: labels-team-default-bad\n');
    expect(stdout).toContain('cleanup.kyverno.io/ttl: 720h0m0s');
  });

  it('formats, several at once, and mutated resources in a file', async () => {
    const { stdout } = await run(
      ...['labels.yaml', 'mutation.yaml', '-r', 'both.yaml'],
      ...['-o', 'github', '-o', 'sarif=out.sarif', '-o', 'junit=out.xml', '-o', 'out/mutated.yaml'],
    );
    expect(stdout).toBe('');
    const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
    expect(JSON.parse(read('out.sarif')).version).toBe('2.1.0');
    expect(read('out.xml')).toContain('<testsuites tests="4"');
    expect(read('out/mutated.yaml').match(/^kind: Pod$/gm)).toHaveLength(2);
  });
});

describe('a cleanup policy', () => {
  const policy = `apiVersion: kyverno.io/v2
kind: ClusterCleanupPolicy
metadata: {name: old}
spec:
  schedule: "* * * * *"
  match: {any: [{resources: {kinds: [Pod]}}]}
  conditions: {any: [{key: "{{ target.metadata.labels.app || '' }}", operator: Equals, value: x}]}
`;

  it('passes for what it would delete', async () => {
    const cwd = createFolder({ 'p.yaml': policy, 'bad.yaml': BAD, 'good.yaml': GOOD });
    const matched = await runCaptured(applyCommand, ['p.yaml', '-r', 'bad.yaml', '-t', '--detailed-results'], { cwd });
    expect(matched.stdout).toContain('resource matched');
    expect(matched.code).toBe(0);
    const other = await runCaptured(applyCommand, ['p.yaml', '-r', 'good.yaml'], { cwd });
    expect(other.stdout).toContain('1 - old resource did not match\n');
    expect(other.code).toBe(1);
  });
});

it('looks at the other resources where a policy calls the API, and at GlobalContextEntries among them', async () => {
  const policy = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: count}
spec:
  background: false
  rules:
    - name: few
      match: {any: [{resources: {kinds: [Pod]}}]}
      context:
        - {name: pods, apiCall: {urlPath: "/api/v1/namespaces/{{request.namespace}}/pods", jmesPath: "items | length(@)"}}
        - {name: known, globalReference: {name: all-pods}}
      validate: {deny: {conditions: {any: [{key: "{{pods}}", operator: NotEquals, value: 2}, {key: "{{known | length(@)}}", operator: NotEquals, value: 2}]}}}
`;
  const entry =
    'apiVersion: kyverno.io/v2\nkind: GlobalContextEntry\nmetadata: {name: all-pods}\nspec: {kubernetesResource: {group: "", version: v1, resource: pods}}\n';
  const cwd = createFolder({ 'p.yaml': policy, 'r.yaml': `${GOOD}---\n${BAD}---\n${entry}` });
  const { stdout } = await runCaptured(applyCommand, ['p.yaml', '-r', 'r.yaml'], { cwd });
  expect(stdout).toContain('to 2 resource(s)');
  expect(stdout).toContain('pass: 2, fail: 0, warn: 0, error: 0');
});
