import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { pushImage, type Registry, startRegistry } from '@vouchsafe/sandbox/registry';
import { signWithKey } from '@vouchsafe/sandbox/sigstore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlagValues } from '../../flags/command.ts';
import { verify } from './verify.ts';

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-verify-'));
const { privateKeyPem, publicKeyPem } = generateKeyPair('ecdsa-p256');
let registry: Registry;

beforeAll(async () => {
  registry = await startRegistry();
  writeFileSync(join(folder, 'key.pub'), publicKeyPem);
});
afterAll(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true });
});

async function ask(images: readonly string[], flags: FlagValues = {}) {
  let stdout = '';
  let stderr = '';
  const io = {
    stdout: (text: string) => {
      stdout += text;
    },
    stderr: (text: string) => {
      stderr += text;
    },
    env: {},
    cwd: folder,
    isTerminal: false,
  };
  const given = {
    timeout: '5',
    type: 'Cosign',
    key: join(folder, 'key.pub'),
    insecureIgnoreTlog: true,
    registryMirror: [`registry.test=${registry.url}`],
    ...flags,
  };
  return { code: await verify(images, given, io), stdout, stderr };
}

/** The repository's manifests and blobs as a folder, the way `oras copy --to-oci-layout` leaves them. */
function saveLayout(repository: string, tags: readonly string[]): string {
  const layout = mkdtempSync(join(folder, 'layout-'));
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const put = (bytes: Uint8Array) =>
    writeFileSync(join(layout, 'blobs/sha256', createHash('sha256').update(bytes).digest('hex')), bytes);
  const manifests = tags.map((tag) => {
    const found = registry.content.manifest(repository, tag);
    if (found === undefined) throw new Error(`no tag ${tag}`);
    const { bytes, mediaType } = found.manifest;
    put(bytes);
    const document: { layers: { digest: string }[] } = JSON.parse(bytes.toString());
    for (const { digest } of document.layers) put(registry.content.blob(repository, digest) ?? Buffer.alloc(0));
    const annotations = { 'org.opencontainers.image.ref.name': tag };
    return { mediaType, digest: found.digest, size: bytes.length, annotations };
  });
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  return layout;
}

describe('vouchsafe verify', () => {
  it('answers about many images in their order', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `many/app-${index}`);
    for (const [index, name] of names.entries()) {
      const { image } = pushImage(registry, `${name}:v1`, { labels: { index: String(index) } });
      if (index % 2 === 0) signWithKey({ registry, image, key: privateKeyPem });
    }
    const { code, stdout } = await ask(
      names.map((name) => `registry.test/${name}:v1`),
      { output: 'json' },
    );
    expect(code).toBe(1);
    const { items } = JSON.parse(stdout);
    expect(items.map(({ image, verified }: { image: string; verified: boolean }) => [image, verified])).toEqual(
      names.map((name, index) => [`registry.test/${name}:v1`, index % 2 === 0]),
    );
  });

  it('writes SARIF: a result for what is refused, a notification for what could not be looked at', async () => {
    const good = pushImage(registry, 'sarif/good:v1', { labels: { is: 'good' } });
    signWithKey({ registry, image: good.image, key: privateKeyPem });
    pushImage(registry, 'sarif/bare:v1', { labels: { is: 'bare' } });
    const images = ['good', 'bare', 'absent'].map((name) => `registry.test/sarif/${name}:v1`);
    const { code, stdout } = await ask(images, { output: 'sarif' });
    expect(code).toBe(3);
    const [run] = JSON.parse(stdout).runs;
    expect(run.results).toMatchObject([{ ruleId: 'unsigned', ruleIndex: 0, level: 'error' }]);
    expect(run.results[0].locations[0].logicalLocations[0].fullyQualifiedName).toContain('sarif/bare:v1@sha256:');
    expect(run.tool.driver.rules).toMatchObject([{ id: 'unsigned' }]);
    expect(run.invocations[0]).toMatchObject({ executionSuccessful: false });
    expect(run.invocations[0].toolExecutionNotifications[0].message.text).toContain('does not exist');
  });

  it('verifies a folder without a network', async () => {
    const { image, digest } = pushImage(registry, 'layout/app:v1', { labels: { is: 'saved' } });
    signWithKey({ registry, image, key: privateKeyPem });
    const layout = saveLayout('layout/app', ['v1', `${digest.replace(':', '-')}.sig`]);
    const offline = { layout, registryMirror: ['registry.test=http://127.0.0.1:1'] };
    expect(await ask(['registry.test/layout/app:v1'], offline)).toMatchObject({ code: 0 });
    expect((await ask(['registry.test/layout/app:v2'], offline)).code).toBe(3);
    const bare = saveLayout('layout/app', ['v1']);
    expect(await ask(['registry.test/layout/app:v1'], { ...offline, layout: bare })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('unsigned'),
    });
  });

  it('takes references to keys, and says what they need', async () => {
    pushImage(registry, 'kms/app:v1', { labels: { is: 'kms' } });
    const { code, stdout } = await ask(['registry.test/kms/app:v1'], { key: 'hashivault://cosign' });
    expect(code).toBe(1);
    expect(stdout).toContain('VAULT_ADDR is not set');
  });
});
