import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { pushImage, signKeyless, signWithKey } from '@vouchsafe/sandbox';
import {
  type CosignVersion,
  type RealCosign,
  startRealCosign,
} from '../../packages/sandbox/src/sigstore/real-cosign.ts';
import { findTool } from '../../tools/tool-paths.ts';
import { median } from '../load/process-figures.ts';
import type { Report } from '../suite.ts';

const ROUNDS = 11;
const IMAGES = 100;
const program = fileURLToPath(new URL('../../packages/cli/bin/vouchsafe.mjs', import.meta.url));
const bundled = fileURLToPath(new URL('../../packages/cli/dist/main.cjs', import.meta.url));
const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };

/** Whole processes against one registry: one image, by turns; and a hundred, by one call of ours and a hundred of cosign. */
export async function againstCosign(report: Report): Promise<void> {
  const [two, three] = [findTool('cosign-2'), findTool('cosign-3')];
  if ('missing' in two || 'missing' in three) return console.log('  cosign is not compared with: run `npm run tools`');
  if (!existsSync(bundled)) return console.log('  cosign is not compared with: run `npm run build`');
  const cosign = await startRealCosign({ 2: two.path, 3: three.path });
  try {
    const key = generateKeyPair('ecdsa-p256');
    await writeFile(cosign.file('key.pub'), key.publicKeyPem);
    const names = Array.from({ length: IMAGES }, (_, index) => `peers/app-${index}:v1`);
    const { registry, sigstore } = cosign;
    for (const [index, name] of names.entries()) {
      const { image } = pushImage(registry, name, { labels: { index: String(index) } });
      signWithKey({ registry, image, key: key.privateKey });
      if (index === 0) signKeyless({ registry, image, sigstore, identity, format: 'bundle', log: 'v2' });
    }
    const byKey = ['--key', cosign.file('key.pub')];
    const byIdentity = ['--certificate-identity', identity.subject, '--certificate-oidc-issuer', identity.issuer];
    const [name = ''] = names;
    await one('key', { cosign, version: 2, name, flags: byKey, type: 'Cosign' }, report);
    await one('bundle', { cosign, version: 3, name, flags: byIdentity, type: 'SigstoreBundle' }, report);
    await many(cosign, names, byKey, report);
  } finally {
    await cosign.stop();
  }
}

interface Comparison {
  readonly cosign: RealCosign;
  readonly version: CosignVersion;
  readonly name: string;
  readonly flags: readonly string[];
  readonly type: string;
}

async function one(what: string, { cosign, version, name, flags, type }: Comparison, report: Report): Promise<void> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await timeOf(() => vouchsafe(cosign, [name], ['--type', type, ...flags])));
    theirs.push(await timeOf(() => realCosign(cosign, version, name, flags)));
  }
  report(`cosign.${what}.ours`, median(ours), 'ms');
  report(`cosign.${what}.theirs`, median(theirs), 'ms');
  report(`cosign.${what}.times`, median(ours) / median(theirs), 'x', { must: 3, lower: true });
}

async function many(
  cosign: RealCosign,
  names: readonly string[],
  flags: readonly string[],
  report: Report,
): Promise<void> {
  const ours: number[] = [];
  for (let round = 0; round < 3; round += 1) ours.push(await timeOf(() => vouchsafe(cosign, names, flags)));
  const theirs = await timeOf(async () => {
    for (const name of names) await realCosign(cosign, 2, name, flags);
  });
  report('cosign.hundred.ours', median(ours), 'ms');
  report('cosign.hundred.theirs', theirs, 'ms');
  report('cosign.hundred.times', theirs / median(ours), 'x', { must: 5 });
}

async function realCosign(cosign: RealCosign, version: CosignVersion, name: string, flags: readonly string[]) {
  const image = `${cosign.registry.host}/${name}`;
  const ignoreLog = flags.includes('--key') ? ['--insecure-ignore-tlog=true'] : [];
  const { isAccepted, output } = await cosign.verify(version, image, ...ignoreLog, ...flags);
  if (!isAccepted) throw new Error(`cosign refused: ${output}`);
}

function vouchsafe(cosign: RealCosign, names: readonly string[], flags: readonly string[]): Promise<void> {
  const ignoreLog = flags.includes('--key') ? ['--insecure-ignore-tlog'] : [];
  const args = [
    ...['--disable-warning=ExperimentalWarning', program, 'verify', ...flags, ...ignoreLog],
    ...['--trusted-root', cosign.file('trusted_root.json')],
    ...['--registry-mirror', `registry.test=${cosign.registry.url}`],
    ...names.map((name) => `registry.test/${name}`),
  ];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`vouchsafe refused: ${stdout}${stderr}`));
    });
  });
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
