import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Attestor, ImageVerificationType } from '@vouchsafe/engine/facts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool } from '../../../../tools/tool-paths.ts';
import { byKey, createKey, pushFresh, type Rig, requestFor, startRig, verify } from '../../test/rig.ts';

// What the real signers write is verified here; without them (`npm run tools`) this file is passed over.
const cosign2 = findTool('cosign-2');
const cosign3 = findTool('cosign-3');
const run = promisify(execFile);
const spdx = 'https://spdx.dev/Document';
const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
const keyless: Attestor = { keyless: identity };

let rig: Rig;
let folder: string;

beforeAll(async () => {
  rig = await startRig();
  folder = mkdtempSync(join(tmpdir(), 'vouchsafe-cosign-'));
  await rig.sigstore.writeFiles(folder);
  const files: Record<string, string> = {
    'token.jwt': rig.sigstore.oidcToken(identity),
    'predicate.json': '{"a":1}',
    'v1.json': JSON.stringify(rig.sigstore.signingConfig({ rekor: 'v1', timestamp: false })),
    'v2.json': JSON.stringify(rig.sigstore.signingConfig({ rekor: 'v2', timestamp: true })),
    'none.json': JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json' }),
    'root.json': JSON.stringify(rig.sigstore.trustedRoot),
    'certificate-log.pub': rig.sigstore.pem.certificateLogPublicKey,
    'rekor.pub': rig.sigstore.pem.rekorPublicKey,
    'fulcio.pem': rig.sigstore.pem.fulcioChain,
    'tsa.pem': rig.sigstore.pem.timestampChain,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
afterAll(async () => {
  await rig.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function cosign(tool: typeof cosign2, ...args: string[]): Promise<void> {
  if ('missing' in tool) throw new Error(tool.missing);
  const at = (name: string) => join(folder, name);
  const env = {
    HOME: folder,
    COSIGN_PASSWORD: '',
    TUF_ROOT: at('tuf'),
    SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: at('certificate-log.pub'),
    SIGSTORE_ROOT_FILE: at('fulcio.pem'),
    SIGSTORE_REKOR_PUBLIC_KEY: at('rekor.pub'),
    SIGSTORE_TSA_CERTIFICATE_FILE: at('tsa.pem'),
  };
  await run(tool.path, args, { env, cwd: folder, timeout: 15_000 });
}

/** Signs a fresh image with the real program and verifies it. */
async function signAndVerify(
  tool: typeof cosign2,
  args: string[],
  type: ImageVerificationType,
  attestor: Attestor,
  predicate?: string,
) {
  const image = pushFresh(rig.registry);
  const registry = ['--allow-insecure-registry', '--allow-http-registry', '-y'];
  await cosign(tool, ...args, ...registry, `${rig.registry.host}/${image.repository}:1`);
  const attestations = predicate === undefined ? [] : [{ type: predicate, attestors: [{ entries: [attestor] }] }];
  const request = requestFor(image.reference, predicate === undefined ? attestor : [], { type, attestations });
  const result = await verify(rig.source, request);
  const entry = (result.attestations[0]?.sets ?? result.sets)[0]?.entries[0];
  return entry?.verified === true ? 'verified' : JSON.stringify(entry?.failures);
}

/** Which arguments of a signer, and the type of the policy that must accept what it wrote. */
type Row = [string, typeof cosign2, (services: Rig['sigstore']['urls']) => string[], ImageVerificationType, Attestor?];

const predicate = ['--type', 'spdxjson', '--predicate', 'predicate.json'];
const online = (urls: Rig['sigstore']['urls']) => [
  '--fulcio-url',
  urls.fulcio,
  '--rekor-url',
  urls.rekor,
  '--identity-token',
  'token.jwt',
];
const configured = (config: string) => [
  '--signing-config',
  config,
  '--trusted-root',
  'root.json',
  '--identity-token',
  'token.jwt',
];

describe.skipIf('missing' in cosign2 || 'missing' in cosign3)('what real cosign writes keyless', () => {
  it.each<Row>([
    ['cosign 2', cosign2, (urls) => ['sign', ...online(urls)], 'Cosign'],
    [
      'cosign 2 with a time stamp',
      cosign2,
      (urls) => ['sign', ...online(urls), '--timestamp-server-url', urls.timestamp],
      'Cosign',
    ],
    ['cosign 3, Rekor v1', cosign3, () => ['sign', ...configured('v1.json')], 'SigstoreBundle'],
    ['cosign 3, Rekor v2', cosign3, () => ['sign', ...configured('v2.json')], 'SigstoreBundle'],
  ])('a signature by %s', async (_name, tool, args, type) => {
    expect(await signAndVerify(tool, args(rig.sigstore.urls), type, keyless)).toBe('verified');
  });

  it.each<Row>([
    ['cosign 2', cosign2, (urls) => ['attest', ...online(urls), ...predicate], 'Cosign'],
    [
      'cosign 2 as an intoto entry',
      cosign2,
      (urls) => ['attest', ...online(urls), ...predicate, '--rekor-entry-type', 'intoto'],
      'Cosign',
    ],
    ['cosign 3, Rekor v2', cosign3, () => ['attest', ...configured('v2.json'), ...predicate], 'SigstoreBundle'],
  ])('an attestation by %s', async (_name, tool, args, type) => {
    expect(await signAndVerify(tool, args(rig.sigstore.urls), type, keyless, spdx)).toBe('verified');
  });
});

describe.skipIf('missing' in cosign2 || 'missing' in cosign3)('what real cosign writes by key', () => {
  it.each(['ecdsa-p256', 'ecdsa-p384', 'ed25519'] as const)('%s', async (algorithm) => {
    const pair = createKey(algorithm);
    writeFileSync(join(folder, `${algorithm}.pem`), pair.privateKey);
    const prefix = join(folder, algorithm);
    await cosign(cosign3, 'import-key-pair', '--key', `${prefix}.pem`, '--output-key-prefix', prefix);
    const key = ['--key', `${prefix}.key`];
    const bare = byKey(pair.publicKey);
    const logged: Attestor = { keys: { publicKeys: pair.publicKey } };
    const rekor = ['--rekor-url', rig.sigstore.urls.rekor];
    const legacy = ['--new-bundle-format=false', '--use-signing-config=false', '--tlog-upload=false'];
    const found = {
      cosign2: await signAndVerify(cosign2, ['sign', ...key, '--tlog-upload=false'], 'Cosign', bare),
      cosign2Logged: await signAndVerify(cosign2, ['sign', ...key, ...rekor], 'Cosign', logged),
      cosign2Attest: await signAndVerify(
        cosign2,
        ['attest', ...key, '--tlog-upload=false', ...predicate],
        'Cosign',
        bare,
        spdx,
      ),
      cosign3Legacy: await signAndVerify(cosign3, ['sign', ...key, ...legacy], 'Cosign', bare),
      cosign3: await signAndVerify(cosign3, ['sign', ...key, '--signing-config', 'none.json'], 'SigstoreBundle', bare),
      cosign3Attest: await signAndVerify(
        cosign3,
        ['attest', ...key, '--signing-config', 'none.json', ...predicate],
        'SigstoreBundle',
        bare,
        spdx,
      ),
    };
    expect(new Set(Object.values(found)), JSON.stringify(found)).toEqual(new Set(['verified']));
  });
});
