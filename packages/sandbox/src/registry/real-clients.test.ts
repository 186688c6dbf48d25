import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool, type ToolName } from '../../../../tools/tool-paths.ts';
import { pushImage } from './push-image.ts';
import { type Registry, startRegistry } from './start-registry.ts';

/** Runs only where `npm run tools` has fetched the programs. */
const NAMES = ['crane', 'oras', 'notation'] as const satisfies readonly ToolName[];
const reason = NAMES.map((name) => findTool(name)).flatMap((tool) => ('missing' in tool ? [tool.missing] : []))[0];

let registry: Registry;
let folder: string;
beforeAll(async () => {
  if (reason !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), 'real-clients-'));
  registry = await startRegistry();
  await writeFile(join(folder, 'sbom.json'), '{"components":[]}');
});
afterAll(async () => {
  if (reason !== undefined) return;
  await registry.stop();
  await rm(folder, { recursive: true });
});

function run(name: (typeof NAMES)[number], args: string[], environment: Record<string, string> = {}): Promise<string> {
  const tool = findTool(name);
  if ('missing' in tool) throw new Error(tool.missing);
  const options = { env: { HOME: folder, ...environment }, cwd: folder, timeout: 20_000 };
  return new Promise((resolve, reject) => {
    execFile(tool.path, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout + stderr);
      else reject(new Error(stdout + stderr));
    });
  });
}

describe.skipIf(reason !== undefined)(`real clients${reason === undefined ? '' : ` (not run: ${reason})`}`, () => {
  it('crane reads, checks, copies and pushes', async () => {
    const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
    const multi = pushImage(registry, 'team/multi:v1', { platforms });
    const { image, digest } = pushImage(registry, 'team/app:v1');
    expect(await run('crane', ['digest', multi.image])).toBe(`${multi.digest}\n`);
    expect(await run('crane', ['validate', '--remote', image])).toContain('PASS');
    await run('crane', ['copy', multi.image, `${registry.host}/copies/multi:v1`]);
    expect(registry.content.manifest('copies/multi', 'v1')?.digest).toBe(multi.digest);
    await run('crane', ['pull', '--format', 'oci', image, 'layout']);
    await run('crane', ['push', 'layout', `${registry.host}/pushed/app:v1`]);
    expect(registry.content.manifest('pushed/app', digest)).toBeDefined();
    expect(await run('crane', ['ls', `${registry.host}/team/app`])).toBe('v1\n');
    await run('crane', ['delete', `${registry.host}/copies/multi:v1`]);
    expect(registry.content.manifest('copies/multi', 'v1')).toBeUndefined();
  });

  it.each([true, false])('oras attaches and discovers (referrers API: %s)', async (hasReferrersApi) => {
    const { image, repository, digest } = pushImage(registry, `attached/${hasReferrersApi}:v1`);
    if (!hasReferrersApi) registry.setFault(repository, { effect: { kind: 'no-referrers-api' } });
    await run('oras', ['attach', '--plain-http', '--artifact-type', 'application/sbom', image, 'sbom.json']);
    const found = await run('oras', ['discover', '--plain-http', '--format', 'json', image]);
    expect(JSON.parse(found).manifests).toMatchObject([{ artifactType: 'application/sbom' }]);
    const fallback = registry.content.manifest(repository, digest.replace(':', '-'));
    expect(fallback === undefined).toBe(hasReferrersApi);
  });

  it('notation signs and lists', async () => {
    const { repository, digest } = pushImage(registry, 'notary/app:v1');
    const reference = `${registry.host}/${repository}@${digest}`;
    await run('notation', ['cert', 'generate-test', '--default', 'sandbox']);
    await run('notation', ['sign', '--insecure-registry', reference]);
    const listed = await run('notation', ['ls', '--insecure-registry', reference]);
    expect(listed).toContain('application/vnd.cncf.notary.signature');
  });

  it.each(['basic', 'bearer'] as const)('crane logs in with %s credentials', async (kind) => {
    const locked = await startRegistry({ auth: { kind, users: { alice: 's3cret' } } });
    try {
      const { image, digest } = pushImage(locked, 'private/app:v1');
      const config = join(folder, `docker-${kind}`);
      await mkdir(config);
      const auth = Buffer.from('alice:s3cret').toString('base64');
      await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [locked.host]: { auth } } }));
      const environment = { DOCKER_CONFIG: config };
      expect(await run('crane', ['digest', image], environment)).toBe(`${digest}\n`);
      await run('crane', ['copy', image, `${locked.host}/private/copy:v1`], environment);
      await expect(run('crane', ['digest', image])).rejects.toThrow(/UNAUTHORIZED/);
    } finally {
      await locked.stop();
    }
  });
});
