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

const STEP = (list: string) =>
  `{list: "${list}", deny: {conditions: {any: [{key: "{{ element.name }}", operator: Equals, value: x}]}}}`;
const LOOP = (list: string) => `rules: [{name: r, MATCH, validate: {foreach: [${STEP(list)}]}}]`;
const WITH_INIT =
  'apiVersion: v1\nkind: Pod\nmetadata: {name: w}\nspec: {initContainers: [{name: prepare, image: a}], containers: [{name: c, image: a}]}\n';
const EXTRACTOR = (kind: string, path: string) =>
  `rules: [{name: r, MATCH, imageExtractors: {${kind}: [{path: "${path}"}]}, verifyImages: [{imageReferences: ["x/*"], failureAction: Enforce, attestors: [{entries: [{keys: {kms: "awskms:///x"}}]}]}]}]`;
const CACHE = 'apiVersion: acme.example/v1\nkind: Cache\nmetadata: {name: w}\nspec: {image: "ghcr.io/a/b:c"}\n';

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

  it.each<[string, string, string, string | undefined]>([
    [
      'an action of its own under another of the policy',
      'validationFailureAction: Enforce, rules: [{name: r, MATCH, validate: {failureAction: Audit, pattern: {spec: {}}}}]',
      pod('web', 'nginx'),
      'spec.rules[0].validate.failureAction: Audit is in force for this rule, and not spec.validationFailureAction: Enforce',
    ],
    [
      'the same action twice',
      'validationFailureAction: enforce, rules: [{name: r, MATCH, validate: {failureAction: Enforce, pattern: {spec: {}}}}]',
      pod('web', 'nginx'),
      undefined,
    ],
    [
      'init containers that a loop leaves out',
      LOOP('request.object.spec.containers'),
      WITH_INIT,
      'leaves out initContainers `prepare`',
    ],
    ['none to leave out', LOOP('request.object.spec.containers'), pod('web', 'nginx'), undefined],
    ['a loop over both', LOOP('request.object.spec.[initContainers, containers][]'), WITH_INIT, undefined],
    [
      'two loops',
      `${LOOP('request.object.spec.containers').slice(0, -4)}, ${STEP('request.object.spec.initContainers')}]}}]`,
      WITH_INIT,
      undefined,
    ],
    [
      'an extractor that leads nowhere',
      EXTRACTOR('Cache', '/spec/img'),
      CACHE,
      'imageExtractors.Cache: nothing is at `/spec/img`',
    ],
    [
      'extractors of another kind',
      EXTRACTOR('Other', '/spec/image'),
      CACHE,
      'imageExtractors has `Other`, not `Cache`',
    ],
    ['an extractor that finds the image', EXTRACTOR('Cache', 'spec/image'), CACHE, undefined],
    ['an extractor through a list', EXTRACTOR('Cache', '/spec/*'), CACHE, undefined],
  ])('notes %s', async (_what, spec, resource, note) => {
    const match = 'match: {any: [{resources: {kinds: [Pod, Cache]}}]}';
    const text = `apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {${spec.replace('MATCH', match)}}\n`;
    const cwd = createFolder({ 'p.yaml': text, 'r.yaml': resource });
    const { stdout, stderr } = await runCaptured(explainCommand, ['p.yaml', 'r.yaml', '-o', 'json'], { cwd });
    expect(stderr).toBe('');
    const notes = (JSON.parse(stdout) as { rules: { notes: string[] }[] }[]).flatMap(({ rules }) =>
      rules.flatMap((rule) => rule.notes),
    );
    if (note === undefined) expect(notes).toEqual([]);
    else expect(notes[0]).toContain(note);
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
