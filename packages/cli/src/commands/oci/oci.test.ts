import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pushArtifact } from '@vouchsafe/images';
import { startRegistry } from '@vouchsafe/sandbox/registry';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { applyCommand } from '../apply/apply-command.ts';
import { testCommand } from '../test/test-command.ts';
import { ociCommand } from './oci-command.ts';

const rule = `
  rules:
  - name: labelled
    match: {any: [{resources: {kinds: [ConfigMap]}}]}
    validate:
      message: "the label \`app\` is missing"
      pattern: {metadata: {labels: {app: "?*"}}}
`;
const clusterPolicy = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: require-app}
spec:${rule}`;
const policy = `apiVersion: kyverno.io/v1
kind: Policy
metadata: {name: team-rules, namespace: team}
spec:${rule}`;
const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n';

let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
  registry = await startRegistry({ auth: { kind: 'bearer', users: { me: 'secret' } } });
});
afterAll(() => registry.stop());
beforeEach(() => registry.clearRequests());

/** An environment that has logged in. */
function loggedIn(password = 'secret'): Record<string, string> {
  const auth = Buffer.from(`me:${password}`).toString('base64');
  return { DOCKER_CONFIG: createFolder({ 'config.json': JSON.stringify({ auths: { [registry.host]: { auth } } }) }) };
}

function oci(args: readonly string[], cwd: string, env: Record<string, string> = loggedIn()) {
  return runCaptured(ociCommand, args, { cwd, env });
}

describe('oci push and pull', () => {
  it('brings the policies of a folder to a registry and back', async () => {
    const source = createFolder({
      'a.yaml': `${clusterPolicy}---\n${configMap}`,
      'deep/b.yaml': policy,
      'values.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: not-a-policy}\n',
    });
    const image = `${registry.host}/acme/policies:v1`;
    const pushed = await oci(['push', '.', '-i', image], source);
    expect(pushed.stderr).toBe(
      `Adding cluster policy [require-app]\nAdding policy [team-rules]\nUploading [${image}]...\nDone.\n`,
    );
    expect(pushed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/) });

    const pulled = await oci(['pull', 'new/folder', '-i', image], source);
    expect(pulled.code).toBe(0);
    const folder = join(source, 'new/folder');
    expect(readdirSync(folder).sort()).toEqual(['require-app.yaml', 'team-rules.yaml']);
    expect(statSync(join(folder, 'require-app.yaml')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'team-rules.yaml'), 'utf8')).toContain('namespace: team');
  });

  it('writes the artifact that Kyverno reads', async () => {
    const source = createFolder({ 'a.yaml': clusterPolicy });
    await oci(['push', 'a.yaml', '-i', `${registry.host}/shape:v1`], source);
    const stored = registry.content.manifest('shape', 'v1');
    const manifest = JSON.parse(Buffer.from(stored?.manifest.bytes ?? new Uint8Array()).toString('utf8'));
    expect(manifest).toMatchObject({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.cncf.kyverno.config.v1+json' },
      layers: [
        {
          mediaType: 'application/vnd.cncf.kyverno.policy.layer.v1+yaml',
          annotations: {
            'io.kyverno.image.kind': 'ClusterPolicy',
            'io.kyverno.image.name': 'require-app',
            'io.kyverno.image.apiVersion': 'kyverno.io/v1',
          },
        },
      ],
    });
  });

  it('a second push of the same uploads no blob', async () => {
    const source = createFolder({ 'a.yaml': clusterPolicy });
    await oci(['push', '.', '-i', `${registry.host}/twice:v1`], source);
    registry.clearRequests();
    await oci(['push', '.', '-i', `${registry.host}/twice:v2`], source);
    const uploads = registry.requests().filter(({ method, path }) => method === 'POST' && path.includes('uploads'));
    expect(uploads).toEqual([]);
  });

  it.each<[string, readonly string[], Record<string, string>, number, string]>([
    ['no --image', ['push', '.'], {}, 1, 'image reference is required'],
    ['an invalid policy', ['push', 'bad.yaml', '-i', 'HOST/x:v1'], {}, 1, 'validating policy bad:'],
    ['no policy', ['push', 'none.yaml', '-i', 'HOST/x:v1'], {}, 4, 'there is no policy'],
    ['a digest to push to', ['push', 'ok.yaml', '-i', `HOST/x@sha256:${'0'.repeat(64)}`], {}, 1, 'named by a tag'],
    ['nothing there', ['pull', 'out', '-i', 'HOST/missing:v1'], {}, 1, 'does not exist'],
    ['a file in the way', ['pull', 'ok.yaml', '-i', 'HOST/x:v1'], {}, 1, 'must be a directory'],
    ['a wrong password', ['push', 'ok.yaml', '-i', 'HOST/x:v1'], { password: 'wrong' }, 1, 'refused the credentials'],
  ])('refuses %s', async (_what, args, { password }, code, message) => {
    const folder = createFolder({
      'ok.yaml': clusterPolicy,
      'bad.yaml': clusterPolicy.replace('require-app', 'bad').replace('labelled', 'l'.repeat(64)),
      'none.yaml': configMap,
    });
    const named = args.map((argument) => argument.replace('HOST', registry.host));
    const run = await oci(named, folder, loggedIn(password));
    expect(run.stderr).toContain(message);
    expect(run.code).toBe(code);
    expect(run.stderr).not.toContain('secret');
  });

  it('an artifact that names a file outside of the folder writes nothing', async () => {
    const image = `${registry.host}/hostile:v1`;
    const env = loggedIn();
    const layer = (name: string) => ({
      mediaType: 'application/vnd.cncf.kyverno.policy.layer.v1+yaml',
      annotations: new Map<string, string>(),
      bytes: Buffer.from(clusterPolicy.replace('require-app', name)),
    });
    const pushed = await pushArtifact(
      image,
      {
        configMediaType: 'application/vnd.cncf.kyverno.config.v1+json',
        config: Buffer.from('{}'),
        layers: [layer('fine'), layer('../../escaped')],
      },
      { allowInsecure: false, providers: [], secrets: [] },
      {
        hosts: { [registry.host]: { url: registry.url } },
        userAgent: 'test',
        credentials: {
          secretConfig: async () => undefined,
          defaultConfigs: async () => [readFileSync(join(env['DOCKER_CONFIG'] ?? '', 'config.json'), 'utf8')],
        },
      },
    );
    expect(pushed.ok).toBe(true);
    const folder = createFolder({});
    const pulled = await oci(['pull', 'out', '-i', image], folder, env);
    expect(pulled).toMatchObject({ code: 1, stderr: expect.stringContaining('is no name of a policy') });
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
  });
});

describe('policies of artifacts', () => {
  const files = {
    'a.yaml': clusterPolicy,
    'config-map.yaml': configMap,
  };

  it('apply takes them', async () => {
    const cwd = createFolder(files);
    const env = loggedIn();
    await oci(['push', 'a.yaml', '-i', `${registry.host}/apply:v1`], cwd, env);
    const reference = `oci://${registry.host}/apply:v1`;
    const run = await runCaptured(applyCommand, [reference, '-r', 'config-map.yaml'], { cwd, env });
    expect(run.stdout).toContain('pass: 0, fail: 1,');
    expect(run.code).toBe(1);
  });

  it('apply tells what cannot be had', async () => {
    const cwd = createFolder(files);
    const reference = `oci://${registry.host}/nothing:v1`;
    const run = await runCaptured(applyCommand, [reference, '-r', 'config-map.yaml'], { cwd, env: loggedIn() });
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('does not exist') });
  });

  it('tests take them', async () => {
    const cwd = createFolder({
      ...files,
      'kyverno-test.yaml': `apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: t}
policies: ["oci://${registry.host}/tests:v1"]
resources: [config-map.yaml]
results:
- {policy: require-app, rule: labelled, resources: [x], kind: ConfigMap, result: fail}
`,
    });
    const env = loggedIn();
    await oci(['push', 'a.yaml', '-i', `${registry.host}/tests:v1`], cwd, env);
    const run = await runCaptured(testCommand, ['.'], { cwd, env });
    expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('1 tests passed and 0 tests failed') });
  });
});
