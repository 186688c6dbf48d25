import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { lastLine, run } from '../fetch-run.ts';
import { toolsFolder } from '../tool-paths.ts';

/** The packages of the verifier, which is compared with and no dependency. SHA-256 of what `npm pack` gives. */
const packages = [
  { name: 'verify', version: '4.1.3', sha256: 'bfe67d8a866e1ae38794b760162faf799df1c0362e93b4a2e054caaefdc1259e' },
  { name: 'bundle', version: '5.0.1', sha256: 'ce7f570353a234ef2ea18b4d58f289d5f5b7748b4134f02a9d83bcf2715aa884' },
  { name: 'core', version: '4.0.1', sha256: '8cc190e4385ee18399950148723aecd8db6e835668c361e4b6014435ba202643' },
  {
    name: 'protobuf-specs',
    version: '0.5.2',
    sha256: '59f53330ed0d85794978e0b152dee7793184e70f5a6e31fda4db5687a9cdb448',
  },
] as const;

/** As much of `@sigstore/verify`, `bundle` and `protobuf-specs` as is used here. */
export interface SigstoreJs {
  readonly verify: {
    readonly Verifier: new (
      trust: unknown,
      options: { ctlogThreshold: number; tlogThreshold: number; timestampThreshold: number },
    ) => { verify(entity: unknown, policy?: unknown): unknown };
    toSignedEntity(bundle: unknown): unknown;
    toTrustMaterial(root: unknown, keys?: (hint: string) => unknown): unknown;
  };
  readonly bundle: { bundleFromJSON(value: unknown): unknown };
  readonly specs: { readonly TrustedRoot: { fromJSON(value: unknown): unknown } };
}

/** Loads the packages from the tools folder, packing what is missing there; a text says what could not be had. */
export async function loadSigstoreJs(): Promise<SigstoreJs | string> {
  const folder = join(toolsFolder, 'sigstore-js');
  for (const { name, version, sha256 } of packages) {
    const target = join(folder, 'node_modules', '@sigstore', name);
    if (existsSync(join(target, 'package.json'))) continue;
    const problem = await unpack(`@sigstore/${name}@${version}`, sha256, folder, target);
    if (problem !== undefined) return problem;
  }
  const require = createRequire(join(folder, 'load.cjs'));
  // The shapes of the packages named above, in the versions named above.
  return {
    verify: require('@sigstore/verify') as SigstoreJs['verify'],
    bundle: require('@sigstore/bundle') as SigstoreJs['bundle'],
    specs: require('@sigstore/protobuf-specs') as SigstoreJs['specs'],
  };
}

async function unpack(source: string, sha256: string, folder: string, target: string): Promise<string | undefined> {
  await mkdir(folder, { recursive: true });
  const packed = await run('npm', ['pack', source, '--silent', '--pack-destination', folder], { cwd: folder });
  if (!packed.isSuccess) return `npm could not pack ${source}: ${lastLine(packed.stderr)}`;
  const tarball = join(folder, lastLine(packed.stdout));
  const actual = createHash('sha256')
    .update(await readFile(tarball))
    .digest('hex');
  if (actual !== sha256) return `${source} has SHA-256 ${actual}, expected ${sha256}`;
  await mkdir(target, { recursive: true });
  const unpacked = await run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  await rm(tarball);
  return unpacked.isSuccess ? undefined : `cannot unpack ${source}: ${lastLine(unpacked.stderr)}`;
}
