import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Registry, startRegistry } from '../registry/start-registry.ts';
import { type Sigstore, startSigstore } from './start-sigstore.ts';

export type CosignVersion = 2 | 3;

export interface CosignOutcome {
  isAccepted: boolean;
  /** Both streams. */
  output: string;
}

/** A registry and Sigstore services with the real cosign programs pointed at them, and at nothing else. */
export interface RealCosign {
  registry: Registry;
  sigstore: Sigstore;
  /** A file of the scratch folder, which also holds what `writeSigstoreFiles` writes. */
  file(name: string): string;
  run(version: CosignVersion, args: readonly string[], environment?: Record<string, string>): Promise<CosignOutcome>;
  /** `cosign verify` against these services, without asking the log. */
  verify(version: CosignVersion, image: string, ...args: string[]): Promise<CosignOutcome>;
  verifyAttestation(version: CosignVersion, image: string, ...args: string[]): Promise<CosignOutcome>;
  stop(): Promise<void>;
}

const TIMEOUT_MS = 20_000;

/** Starts all of it in a scratch folder of its own. `programs` are the paths of the two cosign versions. */
export async function startRealCosign(programs: Readonly<Record<CosignVersion, string>>): Promise<RealCosign> {
  const folder = await mkdtemp(join(tmpdir(), 'real-cosign-'));
  const file = (name: string) => join(folder, name);
  const [registry, sigstore] = await Promise.all([startRegistry(), startSigstore(), mkdir(file('home'))]);
  await sigstore.writeFiles(folder);
  const noServices = { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json' };
  await writeFile(file('no_services.json'), JSON.stringify(noServices));

  const run: RealCosign['run'] = (version, args, environment = {}) => {
    const env = { HOME: file('home'), COSIGN_PASSWORD: '', ...trustOf(version, file), ...environment };
    return new Promise((resolve) => {
      execFile(programs[version], [...args], { env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
        resolve({ isAccepted: error === null, output: stdout + stderr });
      });
    });
  };
  const trustFlags: Record<CosignVersion, string[]> = {
    2: ['--offline', '--rekor-url', sigstore.urls.rekor],
    3: ['--offline', '--trusted-root', file('trusted_root.json')],
  };
  return {
    registry,
    sigstore,
    file,
    run,
    verify: (version, image, ...args) => run(version, ['verify', ...trustFlags[version], ...args, image]),
    verifyAttestation: (version, image, ...args) =>
      run(version, ['verify-attestation', ...trustFlags[version], ...args, image]),
    async stop() {
      await Promise.all([registry.stop(), sigstore.stop()]);
      await rm(folder, { recursive: true });
    },
  };
}

/** cosign 2 is told what to trust by its environment, cosign 3 by a flag. */
function trustOf(version: CosignVersion, file: (name: string) => string): Record<string, string> {
  if (version === 3) return {};
  return {
    SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: file('ctfe.pub'),
    SIGSTORE_ROOT_FILE: file('fulcio_chain.pem'),
    SIGSTORE_REKOR_PUBLIC_KEY: file('rekor.pub'),
    SIGSTORE_TSA_CERTIFICATE_FILE: file('timestamp_chain.pem'),
  };
}
