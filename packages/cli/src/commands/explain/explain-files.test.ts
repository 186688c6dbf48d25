import { describe, expect, it } from 'vitest';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { explainCommand } from './explain-command.ts';

const POLICY = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: tags}
spec:
  rules:
  - name: no-latest
    match: {any: [{resources: {kinds: [Pod]}}]}
    preconditions: {all: [{key: "{{ request.object.metadata.name }}", operator: Equals, value: "web"}]}
    validate: {message: tags please, pattern: {spec: {containers: [{image: "!*:latest"}]}}}
  - name: services
    match: {any: [{resources: {kinds: [Service]}}]}
    validate: {message: names please, pattern: {metadata: {name: "?*"}}}
`;
const pod = (name: string, image: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: c, image: "${image}"}]}\n---\n`;

function explain(args: readonly string[], resources = pod('web', 'nginx:latest')) {
  const cwd = createFolder({
    'p.yaml': POLICY,
    'r.yaml': resources,
    'broken.yaml': 'apiVersion: kyverno.io/v1\n kind:',
  });
  return runCaptured(explainCommand, args, { cwd });
}

describe('explain POLICY RESOURCE', () => {
  it('tells each step of each rule', async () => {
    const { code, stdout } = await explain(['p.yaml', 'r.yaml']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^tags on default\/Pod\/web \(validate\)\n {2}rule no-latest: fail\n/);
    expect(stdout).toMatch(/ {4}match +yes/);
    expect(stdout).toMatch(/ {4}precondition +yes/);
    expect(stdout).toMatch(/ {4}check +no +\/spec\/containers\/0\/image\/ /);
    expect(stdout).toMatch(/rule services: not applied\n {4}match +no/);
  });

  it.each<[string, readonly string[], string, number, string]>([
    ['what passes', ['p.yaml', 'r.yaml'], pod('web', 'nginx:1'), 0, 'rule no-latest: pass'],
    ['preconditions', ['p.yaml', 'r.yaml'], pod('other', 'nginx:1'), 0, 'precondition no'],
    ['one rule', ['p.yaml', 'r.yaml', '--rule', 'services'], pod('web', 'x:latest'), 0, 'rule services'],
    ['nothing', ['p.yaml', 'r.yaml', '--rule', 'none'], pod('web', 'x:latest'), 4, ''],
    ['an operation', ['p.yaml', 'r.yaml', '--operation', 'DELETE'], pod('web', 'x:latest'), 0, 'not applied'],
  ])('%s', async (_what, args, resources, code, text) => {
    const run = await explain(args, resources);
    expect(run.stdout.replaceAll(/ +/g, ' ')).toContain(text);
    expect(run.code).toBe(code);
  });

  it('as JSON', async () => {
    const { stdout } = await explain(['p.yaml', 'r.yaml', '-o', 'json', '--rule', 'no-latest']);
    expect(JSON.parse(stdout)).toMatchObject([
      { policy: 'tags', resource: 'default/Pod/web', rules: [{ rule: 'no-latest', status: 'fail' }] },
    ]);
  });

  it.each([
    ['files that are not there', ['nowhere.yaml', 'r.yaml'], 2, 'no such file'],
    ['an unknown operation', ['p.yaml', 'r.yaml', '--operation', 'READ'], 2, 'CREATE, UPDATE, DELETE'],
    ['policies that cannot be read', ['broken.yaml', 'r.yaml'], 4, 'broken.yaml:1'],
  ])('%s', async (_what, args, code, text) => {
    const run = await explain(args);
    expect(run.code).toBe(code);
    expect(run.stderr).toContain(text);
  });
});
