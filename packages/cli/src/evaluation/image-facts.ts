import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { FactSource } from '@vouchsafe/engine/facts';
import { createImageSource, parseTrustRoot, publicGoodTrustRoot, type TrustRoot } from '@vouchsafe/images';
import { InputProblem, reasonOf } from '../inputs/input-problem.ts';
import { dockerCredentials, type RegistryAccessOptions, toHosts } from '../inputs/registry-access.ts';

export interface ImageFactsOptions extends RegistryAccessOptions {
  /** A trusted_root.json; the public-good instance when empty. */
  readonly trustedRoot: string;
  /** Any bundle about an image counts as a signature of it. */
  readonly acceptAnyStatement: boolean;
  readonly folder: string;
}

export interface ImageFacts {
  readonly source: FactSource;
  readonly close: () => Promise<void>;
}

/** Answers about images from their registries, with the logins of docker. Throws `InputProblem`. */
export async function openImageFacts(options: ImageFactsOptions): Promise<ImageFacts> {
  const { hosts, trustedRoot, folder, env, acceptAnyStatement } = options;
  const source = createImageSource({
    hosts: toHosts(hosts),
    trustRoot: trustedRoot === '' ? publicGoodTrustRoot() : await readTrustRoot(resolve(folder, trustedRoot)),
    credentials: dockerCredentials(env),
    acceptAnyStatement,
    cache: { maxSize: 1_000, ttlMs: 3_600_000 },
    userAgent: 'vouchsafe',
  });
  return { source, close: () => source.close() };
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
