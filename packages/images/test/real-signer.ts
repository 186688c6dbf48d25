import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findTool } from '../../../tools/tool-paths.ts';
import type { Rig } from './rig.ts';

// Without the programs (`npm run tools`) tests of what they write are passed over.
const programs = { 2: findTool('cosign-2'), 3: findTool('cosign-3') } as const;
export type CosignMajor = keyof typeof programs;

export const isCosignMissing = 'missing' in programs[2] || 'missing' in programs[3];

const run = promisify(execFile);
const noServices = { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json' };

/** The real programs, which sign images of the rig's registry by the rig's services. */
export interface RealSigner {
  /** A file of its folder, which holds `predicate.json` and `none.json` (a configuration without services). */
  file(name: string): string;
  write(name: string, text: string): string;
  /** Flags to sign keyless: version 2 logs to Rekor v1; version 3 as its configuration says. */
  keyless(version: CosignMajor, log?: 'v1' | 'v2'): string[];
  /** Rejects when the program fails. */
  run(version: CosignMajor, ...args: readonly string[]): Promise<void>;
  /** `sign` or `attest` of an image of the registry by its repository. */
  sign(version: CosignMajor, args: readonly string[], repository: string): Promise<void>;
  stop(): void;
}

/** `identity` is whom the tokens are for. */
export async function startRealSigner(
  { registry, sigstore }: Rig,
  identity: { readonly issuer: string; readonly subject: string },
  predicate: object = {},
): Promise<RealSigner> {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-cosign-'));
  const file = (name: string) => join(folder, name);
  const write = (name: string, text: string) => {
    writeFileSync(file(name), text);
    return file(name);
  };
  await sigstore.writeFiles(folder);
  write('token.jwt', sigstore.oidcToken(identity));
  write('predicate.json', JSON.stringify(predicate));
  write('none.json', JSON.stringify(noServices));
  const configurations = { v1: 'signing_config_rekor_v1.json', v2: 'signing_config.json' } as const;
  const env = {
    HOME: folder,
    COSIGN_PASSWORD: '',
    TUF_ROOT: file('tuf'),
    SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: file('ctfe.pub'),
    SIGSTORE_ROOT_FILE: file('fulcio_chain.pem'),
    SIGSTORE_REKOR_PUBLIC_KEY: file('rekor.pub'),
    SIGSTORE_TSA_CERTIFICATE_FILE: file('timestamp_chain.pem'),
  };
  const runProgram: RealSigner['run'] = async (version, ...args) => {
    const program = programs[version];
    if ('missing' in program) throw new Error(program.missing);
    await run(program.path, [...args], { env, cwd: folder, timeout: 15_000 });
  };
  return {
    file,
    write,
    keyless(version, log = 'v2') {
      const services =
        version === 2
          ? ['--fulcio-url', sigstore.urls.fulcio, '--rekor-url', sigstore.urls.rekor]
          : ['--signing-config', configurations[log], '--trusted-root', 'trusted_root.json'];
      return [...services, '--identity-token', 'token.jwt'];
    },
    run: runProgram,
    sign: (version, args, repository) =>
      runProgram(
        version,
        ...args,
        ...['--allow-insecure-registry', '--allow-http-registry', '-y', `${registry.host}/${repository}:1`],
      ),
    stop: () => rmSync(folder, { recursive: true, force: true }),
  };
}
