import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type CredentialSource, createRegistryHosts, type RegistryHosts } from '@vouchsafe/images';
import { InputProblem, reasonOf } from './input-problem.ts';

/** What is known of hosts, each as given: `HOST=URL`, `HOST=FILE`, `HOST`. */
export interface HostSettings {
  readonly mirrors: readonly string[];
  readonly authorities: readonly string[];
  readonly insecure: readonly string[];
}

export const NO_HOST_SETTINGS: HostSettings = { mirrors: [], authorities: [], insecure: [] };

/** How registries are reached from a command line. */
export interface RegistryAccessOptions {
  readonly hosts: HostSettings;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads the files of authorities. Throws `InputProblem`. */
export function toHosts({ mirrors, authorities, insecure }: HostSettings): RegistryHosts {
  const named = authorities.map((pair) => splitPair(pair, '--registry-ca is HOST=FILE'));
  try {
    return createRegistryHosts({
      mirrors: mirrors.map((pair) => splitPair(pair, '--registry-mirror is HOST=URL')),
      authorities: named.map(([host, file]) => [host, readFileSync(file, 'utf8')] as const),
      insecure,
    });
  } catch (error) {
    throw error instanceof InputProblem ? error : new InputProblem(reasonOf(error));
  }
}

/** `a=b` → `a`, `b`. Throws `InputProblem`. */
export function splitPair(pair: string, rule: string): readonly [string, string] {
  const cut = pair.indexOf('=');
  if (cut < 1) throw new InputProblem(`${rule}, not \`${pair}\``);
  return [pair.slice(0, cut), pair.slice(cut + 1)];
}

/** No Secrets without a cluster; the files that `docker login` and `podman login` write, and the programs that docker's names. */
export function dockerCredentials(env: RegistryAccessOptions['env']): CredentialSource {
  const folder = env['DOCKER_CONFIG'] || join(env['HOME'] ?? homedir(), '.docker');
  const runtime = env['XDG_RUNTIME_DIR'] ?? '';
  const podman = env['REGISTRY_AUTH_FILE'] || (runtime === '' ? '' : join(runtime, 'containers/auth.json'));
  const files = [join(folder, 'config.json'), ...(podman === '' ? [] : [podman])];
  return {
    secretConfig: async () => undefined,
    defaultConfigs: async () => files.map(readIfThere),
    async askProgram(program, server, signal) {
      const { askCredentialProgram } = await import('./credential-program.ts');
      return askCredentialProgram(program, server, { env, signal });
    },
  };
}

/** A machine nobody logged in on has no such file. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
