import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { pushImage, type Registry, startRegistry } from '@vouchsafe/sandbox/registry';
import { type Sigstore, signKeyless, signWithKey, startSigstore } from '@vouchsafe/sandbox/sigstore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlagValues } from '../../flags/command.ts';
import { images } from './images.ts';

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-images-'));
let registry: Registry;
let sigstore: Sigstore;

beforeAll(async () => {
  [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
  writeFileSync(join(folder, 'root.json'), JSON.stringify(sigstore.trustedRoot));
});
afterAll(async () => {
  await Promise.all([registry.stop(), sigstore.stop()]);
  rmSync(folder, { recursive: true });
});

async function list(names: readonly string[], flags: FlagValues = {}) {
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
    registryMirror: [`registry.test=${registry.url}`],
    trustedRoot: join(folder, 'root.json'),
    ...flags,
  };
  return { code: await images(names, given, io), stdout, stderr };
}

describe('vouchsafe images', () => {
  it('lists every piece of evidence, tries what it suggests, and writes the policy entry', async () => {
    const image = pushImage(registry, 'team/app:v1').image;
    const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
    const key = generateKeyPair('ecdsa-p256').privateKeyPem;
    signWithKey({ registry, image, key, annotations: { team: 'blue' } });
    signKeyless({ registry, image, sigstore, identity, format: 'bundle', log: 'v2' });
    const attestation = { predicateType: 'https://spdx.dev/Document', predicate: {} };
    signKeyless({ registry, image, sigstore, identity, attestation, format: 'bundle' });
    const { code, stdout } = await list(['registry.test/team/app:v1'], { output: 'json' });
    expect(code).toBe(0);
    const [item] = JSON.parse(stdout).items;
    expect(item.evidence).toMatchObject([
      { format: 'Cosign', part: 'signatures', annotations: { team: 'blue' }, where: expect.stringMatching(/\.sig$/) },
      { format: 'SigstoreBundle', subjects: ['https://ci.test/job'], isTimeStamped: true, verdict: 'verified' },
      { format: 'SigstoreBundle', predicateType: 'https://spdx.dev/Document', verdict: 'verified' },
    ]);
    const keyless = { subject: 'https://ci.test/job', issuer: 'https://issuer.test' };
    expect(item.verifyImages).toMatchObject([
      {
        type: 'Cosign',
        imageReferences: ['registry.test/team/app*'],
        attestors: [{ entries: [{ keys: { rekor: { ignoreTlog: true } } }] }],
      },
      {
        type: 'SigstoreBundle',
        attestors: [{ entries: [{ keyless }] }],
        attestations: [{ type: 'https://spdx.dev/Document', attestors: [{ entries: [{ keyless }] }] }],
      },
    ]);
    const table = await list(['registry.test/team/app:v1']);
    expect(table.stdout).toContain('annotations   team=blue');
    expect(table.stdout).toContain('verdict       verified');
    expect(table.stdout).toContain('- type: SigstoreBundle\n');
  });

  it('says why an honest looking signature is not believed', async () => {
    const image = pushImage(registry, 'team/forged:v1', { labels: { a: 'b' } }).image;
    signKeyless({ registry, image, sigstore, defects: { certificate: { issuedBy: 'impostor' } } });
    const { stdout } = await list(['registry.test/team/forged:v1']);
    expect(stdout).toContain('verdict       not verified: certificate-chain');
  });

  it('tells apart: nothing there, not looked at, wrong use', async () => {
    pushImage(registry, 'team/bare:v1', { labels: { c: 'd' } });
    expect(await list(['registry.test/team/bare:v1'])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('none'),
    });
    expect((await list(['registry.test/team/absent:v1'])).code).toBe(3);
    expect((await list(['registry.test/a:v1'], { output: 'xml' })).code).toBe(2);
    expect((await list(['registry.test/a:v1'], { registryProvider: ['evil'] })).stderr).toContain('is not known');
    expect((await list(['registry.test/a:v1'], { layout: '/nowhere' })).stderr).toContain('is not a folder');
  });
});
