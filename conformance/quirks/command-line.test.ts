import { describe, expect, it } from 'vitest';
import { applyCommand } from '../../packages/cli/src/commands/apply/apply-command.ts';
import { createCommand } from '../../packages/cli/src/commands/create/create-command.ts';
import { testCommand } from '../../packages/cli/src/commands/test/test-command.ts';
import { createFolder, runCaptured } from '../../packages/cli/src/flags/run-captured.fixture.ts';

type Files = Readonly<Record<string, string>>;

const policy = (rules: string, { name = 'p', kind = 'ClusterPolicy', metadata = '' } = {}): string =>
  `apiVersion: kyverno.io/v1\nkind: ${kind}\nmetadata: {name: ${name}${metadata}}\nspec:\n  rules:\n${rules}`;
const PODS = 'match: {any: [{resources: {kinds: [Pod]}}]}';
const NEVER = `  - {name: r, ${PODS}, validate: {message: m, deny: {}}}\n`;
const pod = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: c, image: a${more}}]}\n---\n`;
const RESULT = { policy: 'p', rule: 'r', kind: 'Pod' };

function apply(files: Files, ...args: readonly string[]) {
  return runCaptured(applyCommand, args, { cwd: createFolder(files) });
}

async function test(files: Files, results: readonly object[], more = '', ...args: readonly string[]) {
  const head = 'apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: t}\n';
  const manifest = `${head}policies: [p.yaml]\nresources: [r.yaml]\n${more}results: ${JSON.stringify(results)}\n`;
  return runCaptured(testCommand, ['.', ...args], { cwd: createFolder({ ...files, 'kyverno-test.yaml': manifest }) });
}

describe('quirks of test', () => {
  const files = { 'p.yaml': policy(NEVER), 'r.yaml': pod('a') + pod('b') };
  const passed = async (results: readonly object[], own: Files = files, ...args: readonly string[]): Promise<number> =>
    Number(/(\d+) tests passed/.exec((await test(own, results, '', ...args)).stdout)?.[1]);

  it('quirk 87, not followed: a name that does not exist fails, unless as Kyverno has it', async () => {
    const typo = { ...RESULT, resources: ['typo'], result: 'fail' };
    expect((await test(files, [typo])).code).toBe(1);
    expect(await passed([typo], files, '--as-kyverno')).toBe(2);
  });

  it('quirk 88: `kind` of a result is not compared; specifications alone are passed over as Kyverno', async () => {
    expect((await test(files, [{ ...RESULT, kind: 'Service', resources: ['a'], result: 'fail' }])).code).toBe(0);
    const specified = {
      ...RESULT,
      resourceSpecs: [{ version: 'v1', namespace: 'default', name: 'a' }],
      result: 'fail',
    };
    expect(await passed([specified])).toBe(1);
    expect(await passed([specified], files, '--as-kyverno')).toBe(2);
  });

  it('quirk 89, not followed: an expected object that a file lacks, unless as Kyverno has it', async () => {
    const mutate = `  - {name: r, ${PODS}, mutate: {patchStrategicMerge: {metadata: {labels: {x: y}}}}}\n`;
    const own = { ...files, 'p.yaml': policy(mutate), 'patched.yaml': pod('other') };
    const result = { ...RESULT, resources: ['a'], patchedResources: 'patched.yaml', result: 'fail' };
    expect((await test(own, [result])).code).toBe(1);
    expect((await test(own, [result], '', '--as-kyverno')).code).toBe(0);
    expect((await test(own, [{ ...result, failOnMissingResources: true }], '', '--as-kyverno')).code).toBe(1);
  });

  it('quirk 90: a failure of what is not scored is a warning', async () => {
    const metadata = ", annotations: {policies.kyverno.io/scored: 'false'}";
    const own = { ...files, 'p.yaml': policy(NEVER, { metadata }) };
    expect((await test(own, [{ ...RESULT, resources: ['a'], result: 'warn' }])).code).toBe(0);
    expect((await test(own, [{ ...RESULT, resources: ['a'], result: 'fail' }])).code).toBe(1);
  });

  it('quirk 91: progress comes before documents; JUnit is well-formed here', async () => {
    const { stdout } = await test(files, [{ ...RESULT, resources: ['a'], result: 'pass' }], '', '-o', 'junit');
    expect(stdout).toMatch(/^Loading test {2}\( kyverno-test\.yaml \) \.\.\.\n/);
    expect(stdout).toContain('</failure>');
  });

  it('quirk 95, 96: ConfigMaps come from values; those of foreach are the first', async () => {
    const rule = `  - name: r
    ${PODS}
    context: [{name: settings, configMap: {name: s, namespace: default}}]
    validate: {message: m, deny: {conditions: {all: [{key: "{{ settings.data.mode }}", operator: Equals, value: strict}]}}}
`;
    const values = (mode: string): string =>
      `values: {policies: [{name: p, rules: [{name: r, values: {settings.data.mode: ${mode}}}]}]}\n`;
    const own = { ...files, 'p.yaml': policy(rule) };
    expect((await test(own, [{ ...RESULT, resources: ['a'], result: 'fail' }], values('strict'))).code).toBe(0);
    expect((await test(own, [{ ...RESULT, resources: ['a'], result: 'pass' }], values('loose'))).code).toBe(0);
    expect((await test(own, [{ ...RESULT, resources: ['a'], result: 'error' }])).code).toBe(0);
  });

  it('quirk 100: labels that generating sets are not compared', async () => {
    const rule = `  - name: r
    ${PODS}
    generate: {apiVersion: v1, kind: ConfigMap, name: made, namespace: default, synchronize: true, data: {data: {a: b}}}
`;
    const made = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made, namespace: default}\ndata: {a: b}\n';
    const own = { 'p.yaml': policy(rule), 'r.yaml': pod('a'), 'made.yaml': made };
    expect(
      (await test(own, [{ ...RESULT, resources: ['a'], generatedResource: 'made.yaml', result: 'pass' }])).code,
    ).toBe(0);
  });
});

describe('quirks of apply', () => {
  const files = { 'p.yaml': policy(NEVER), 'r.yaml': pod('a') };

  it('quirk 92: policies have the defaults of their schema; an unknown field is told here', async () => {
    expect((await apply(files, 'p.yaml', '-r', 'r.yaml', '--audit-warn')).stdout).toContain('failed as audit warning');
    const typo = { ...files, 'p.yaml': policy(NEVER.replace('message: m', 'mesage: m')) };
    const run = await apply(typo, 'p.yaml', '-r', 'r.yaml');
    expect(run).toMatchObject({ code: 1, stdout: expect.stringContaining('p.yaml:') });
  });

  it('quirk 93: an invalid policy is an error, listed and not evaluated', async () => {
    const invalid = policy(NEVER.replace('name: r', `name: ${'r'.repeat(64)}`), { name: 'bad' });
    const { code, stdout } = await apply({ ...files, 'bad.yaml': invalid }, 'bad.yaml', '-r', 'r.yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('Policies Skipped:\n1. bad: ');
    expect(stdout).toContain('error: 1');
  });

  it('quirk 94: reports of cluster policies are one, those of policies have their namespace', async () => {
    const own = { ...files, 'q.yaml': policy(NEVER, { name: 'q', kind: 'Policy', metadata: ', namespace: default' }) };
    const { stdout } = await apply(own, 'p.yaml', 'q.yaml', '-r', 'r.yaml', '-p');
    expect(stdout).toContain('kind: ClusterReport');
    expect(stdout).toContain('name: merged');
    expect(stdout).toMatch(/apiVersion: openreports\.io\/v1alpha1\nkind: PolicyReport/);
  });

  it('quirk 95: values for request.object change the object, --set of them is passed over', async () => {
    const deny = `  - {name: r, ${PODS}, validate: {message: m, deny: {conditions: {all: [
      {key: "{{ request.object.metadata.labels.x || 'none' }}", operator: Equals, value: "y"}]}}}}\n`;
    const own = {
      ...files,
      'p.yaml': policy(deny),
      'v.yaml': `apiVersion: cli.kyverno.io/v1alpha1
kind: Values
metadata: {name: v}
globalValues: {request.object.metadata.labels.x: "y"}
`,
    };
    expect((await apply(own, 'p.yaml', '-r', 'r.yaml', '-f', 'v.yaml')).stdout).toContain('fail: 1');
    expect((await apply(own, 'p.yaml', '-r', 'r.yaml', '-s', 'request.object.metadata.labels.x=y')).stdout).toContain(
      'pass: 1',
    );
  });

  it('quirk 97: folders of policies are read with all below, those of resources are not', async () => {
    const own = {
      'policies/deep/p.yaml': policy(NEVER),
      'resources/r.yaml': pod('a'),
      'resources/deep/r.yaml': pod('b'),
    };
    expect((await apply(own, 'policies', '-r', 'resources')).stdout).toContain('to 1 resource(s)');
  });

  it('quirk 98: a URL of a policy is a repository', async () => {
    const { code, stderr } = await apply(files, 'https://127.0.0.1:1/only', '-r', 'r.yaml');
    expect(code).toBe(1);
    expect(stderr).toContain('failed to parse URL (invalid URL path /only');
  });

  it('quirk 99, not followed: what `create test` writes can be read', async () => {
    const args = ['test', '-p', 'p.yaml', '-r', 'r.yaml', '--fail', 'p,r,a,default,Pod'];
    const { stdout } = await runCaptured(createCommand, args);
    const cwd = createFolder({ ...files, 'kyverno-test.yaml': stdout });
    expect((await runCaptured(testCommand, ['.'], { cwd })).code).toBe(0);
  });
});
