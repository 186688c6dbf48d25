import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { CredentialSource, RegistryHosts } from '@vouchsafe/images';
import { InputProblem } from './input-problem.ts';

/** How registries are reached from a command line. */
export interface RegistryAccessOptions {
  /** `host=url` each: where a registry host is found instead. */
  readonly mirrors: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `host=url` each. Throws `InputProblem`. */
export function toHosts(mirrors: readonly string[]): RegistryHosts {
  return Object.fromEntries(
    mirrors.map((mirror) => {
      const cut = mirror.indexOf('=');
      if (cut < 1) throw new InputProblem(`--registry-mirror is HOST=URL, not "${mirror}"`);
      return [mirror.slice(0, cut), { url: mirror.slice(cut + 1) }];
    }),
  );
}

/** No Secrets without a cluster; the file that `docker login` writes otherwise. */
export function dockerCredentials(env: RegistryAccessOptions['env']): CredentialSource {
  const folder = env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker');
  return {
    secretConfig: async () => undefined,
    // A machine nobody logged in on has no such file.
    defaultConfig: () => readFile(join(folder, 'config.json'), 'utf8').catch(() => undefined),
  };
}
