import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Authorities, exportAuthorities, importAuthorities } from './authorities.ts';
import type { Sigstore } from './start-sigstore.ts';

const STATE_FILE = 'authorities.json';

/** The keys kept in the folder, or undefined when there are none yet. Throws when the file is not readable as such. */
export async function loadState(folder: string): Promise<Authorities | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, STATE_FILE), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return importAuthorities(JSON.parse(text));
}

/** Private keys: readable by the owner alone. */
export async function saveState(folder: string, authorities: Authorities): Promise<void> {
  await mkdir(folder, { recursive: true });
  const text = `${JSON.stringify(exportAuthorities(authorities), null, 2)}\n`;
  await writeFile(join(folder, STATE_FILE), text, { mode: 0o600 });
}

/** The files that cosign's flags and environment variables, and Kyverno's policies, want to be given. */
export async function writeSigstoreFiles(folder: string, sigstore: Sigstore): Promise<void> {
  await mkdir(folder, { recursive: true });
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const files: Record<string, string> = {
    'trusted_root.json': json(sigstore.trustedRoot),
    'signing_config.json': json(sigstore.signingConfig({ rekor: 'v2', timestamp: true })),
    'signing_config_rekor_v1.json': json(sigstore.signingConfig({ rekor: 'v1', timestamp: false })),
    'signing_config_rekor_v1_timestamp.json': json(sigstore.signingConfig({ rekor: 'v1', timestamp: true })),
    'signing_config_timestamp.json': json(sigstore.signingConfig({ rekor: 'none', timestamp: true })),
    'tuf_root.json': sigstore.tufRootJson,
    'fulcio_chain.pem': sigstore.pem.fulcioChain,
    'fulcio_root.pem': sigstore.pem.fulcioRoot,
    'fulcio_intermediate.pem': sigstore.pem.fulcioIntermediate,
    'timestamp_chain.pem': sigstore.pem.timestampChain,
    'rekor.pub': sigstore.pem.rekorPublicKey,
    'ctfe.pub': sigstore.pem.certificateLogPublicKey,
    'urls.json': json(sigstore.urls),
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
}
