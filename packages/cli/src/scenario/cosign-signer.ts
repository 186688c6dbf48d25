import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../cluster/start-cluster.ts';
import { runCommand } from './kubectl.ts';
import type { Signer, SigningOrder } from './signer.ts';
import { certifySigningKey, type SigningMaterial } from './signing-certificate.ts';

/** A program and its version. */
export interface CosignProgram {
  readonly path: string;
  readonly version: string;
}

/**
 * Signs with the real cosign, which speaks to the cluster's registry and Sigstore services over HTTP: with cosign 2 what
 * is to be a `.sig` tag, with cosign 3 what is to be a bundle.
 */
export function createCosignSigner(programs: {
  readonly legacy: CosignProgram;
  readonly bundle: CosignProgram;
}): Signer {
  const materials = new Map<string, Promise<SigningMaterial>>();

  function material(cluster: Cluster, name: string): Promise<SigningMaterial> {
    const known = materials.get(name) ?? makeKey(programs.legacy, cluster, name);
    materials.set(name, known);
    return known;
  }

  return {
    description: `cosign ${programs.legacy.version} and ${programs.bundle.version}`,
    material,
    async sign(order) {
      const { cluster, repository, digest, by, format = 'legacy' } = order;
      const folder = await scratchFolder(cluster);
      if ('key' in by || 'certificate' in by) await material(cluster, 'key' in by ? by.key : by.certificate);
      else await writeFile(join(folder, 'token'), cluster.sigstore.oidcToken(by));
      const services = format === 'legacy' ? legacyServices(cluster, by) : bundleServices();
      const reference = `${cluster.registry.host}/${repository}@${digest}`;
      await cosign(programs[format], folder, 'sign', '-y', ...credentials(by), ...services, reference);
    },
  };
}

/** Makes a key pair in the scratch folder, and certificates beside it. */
async function makeKey(program: CosignProgram, cluster: Cluster, name: string): Promise<SigningMaterial> {
  const folder = await scratchFolder(cluster);
  await cosign(program, folder, 'generate-key-pair', '--output-key-prefix', name);
  const material = certifySigningKey(name, await readFile(join(folder, `${name}.pub`), 'utf8'));
  await writeFile(join(folder, `${name}.crt`), material.certificate);
  await writeFile(join(folder, `${name}.chain`), material.chain);
  return material;
}

/** Flags for files of the scratch folder, where cosign runs. */
function credentials(by: SigningOrder['by']): readonly string[] {
  if ('key' in by) return ['--key', `${by.key}.key`];
  if (!('certificate' in by)) return ['--identity-token', 'token'];
  const name = by.certificate;
  return ['--key', `${name}.key`, '--certificate', `${name}.crt`, '--certificate-chain', `${name}.chain`];
}

function legacyServices(cluster: Cluster, by: SigningOrder['by']): readonly string[] {
  const { rekor, fulcio } = cluster.sigstore.urls;
  return ['--rekor-url', rekor, ...('issuer' in by ? ['--fulcio-url', fulcio] : [])];
}

function bundleServices(): readonly string[] {
  return ['--signing-config', 'signing_config_rekor_v1_timestamp.json', '--trusted-root', 'trusted_root.json'];
}

async function scratchFolder(cluster: Cluster): Promise<string> {
  const folder = join(cluster.folder, 'cosign');
  const made = await mkdir(folder, { recursive: true });
  if (made !== undefined) await cluster.sigstore.writeFiles(folder);
  return folder;
}

async function cosign({ path }: CosignProgram, folder: string, ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runCommand(path, args, { env: environment(folder), cwd: folder });
  if (code !== 0) throw new Error(`cosign ${args[0]} failed: ${stderr || stdout}`);
}

/** cosign 2 is told by its environment what to trust. */
function environment(folder: string): Record<string, string> {
  return {
    HOME: folder,
    COSIGN_PASSWORD: '',
    SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: join(folder, 'ctfe.pub'),
    SIGSTORE_ROOT_FILE: join(folder, 'fulcio_chain.pem'),
    SIGSTORE_REKOR_PUBLIC_KEY: join(folder, 'rekor.pub'),
    SIGSTORE_TSA_CERTIFICATE_FILE: join(folder, 'timestamp_chain.pem'),
  };
}
