import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { FactSource } from '@vouchsafe/engine/facts';
import {
  type CredentialSource,
  createImageSource,
  parseTrustRoot,
  publicGoodTrustRoot,
  type RegistryHosts,
  type TrustRoot,
} from '@vouchsafe/images';
import { InputProblem, reasonOf } from '../inputs/input-problem.ts';

export interface ImageFactsOptions {
  /** `host=url` each: where a registry host is found instead. */
  readonly mirrors: readonly string[];
  /** A trusted_root.json; the public-good instance when empty. */
  readonly trustedRoot: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ImageFacts {
  readonly source: FactSource;
  readonly close: () => Promise<void>;
}

/** Answers about images from their registries, with the logins of docker. Throws `InputProblem`. */
export async function openImageFacts({ mirrors, trustedRoot, folder, env }: ImageFactsOptions): Promise<ImageFacts> {
  const source = createImageSource({
    hosts: toHosts(mirrors),
    trustRoot: trustedRoot === '' ? publicGoodTrustRoot() : await readTrustRoot(resolve(folder, trustedRoot)),
    credentials: dockerCredentials(env),
    cache: { maxSize: 1_000, ttlMs: 3_600_000 },
    userAgent: 'vouchsafe',
  });
  return { source, close: () => source.close() };
}

function toHosts(mirrors: readonly string[]): RegistryHosts {
  return Object.fromEntries(
    mirrors.map((mirror) => {
      const cut = mirror.indexOf('=');
      if (cut < 1) throw new InputProblem(`--registry-mirror is HOST=URL, not "${mirror}"`);
      return [mirror.slice(0, cut), { url: mirror.slice(cut + 1) }];
    }),
  );
}

async function readTrustRoot(file: string): Promise<TrustRoot> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new InputProblem(`--trusted-root: ${reasonOf(error)}`);
  }
  const parsed = parseTrustRoot(text);
  if (!parsed.ok) throw new InputProblem(`--trusted-root ${file}: ${parsed.message}`);
  return parsed.root;
}

/** No Secrets without a cluster; the file that `docker login` writes otherwise. */
function dockerCredentials(env: ImageFactsOptions['env']): CredentialSource {
  const folder = env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker');
  return {
    secretConfig: async () => undefined,
    // A machine nobody logged in on has no such file.
    defaultConfig: () => readFile(join(folder, 'config.json'), 'utf8').catch(() => undefined),
  };
}
