import type { RegistryAccess } from '@vouchsafe/engine/facts';
import { afterEach, expect } from 'vitest';
import { type Registry, startRegistry } from '../../sandbox/src/registry/start-registry.ts';
import { defaultLimits } from '../src/registry/limits.ts';
import { createRegistryClient, type RegistryClient } from '../src/registry/registry-client.ts';
import type { RegistryFailure } from '../src/registry/registry-failure.ts';

export const anonymous: RegistryAccess = { allowInsecure: false, providers: [], secrets: [] };
export const limits = { ...defaultLimits, exchangeMs: 400, retryAfterMs: 1500 };
export const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export async function startMapped(
  options: Parameters<typeof startRegistry>[0] = {},
  secrets: Record<string, string> = {},
) {
  const registry = await startRegistry(options);
  const client = createRegistryClient({
    hosts: { 'registry.test': { url: registry.url } },
    credentials: { secretConfig: async (name) => secrets[name] },
    userAgent: 'vouchsafe-test',
    limits,
  });
  cleanups.push(
    () => registry.stop(),
    () => client.close(),
  );
  return { registry, client };
}

export function open(client: RegistryClient, access = anonymous, registry = 'registry.test') {
  return client.open({ registry, repository: 'team/app' }, access);
}

export const soon = () => AbortSignal.timeout(3000);

export async function failureOf(promise: Promise<unknown>): Promise<RegistryFailure> {
  const error = await promise.then(
    () => expect.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'RegistryFailure' });
  return error as RegistryFailure;
}

/** A referrer of no known type. */
export function putReferrer(
  registry: Registry,
  subject: { digest: string; mediaType: string; size: number },
  name: string,
) {
  const { digest, mediaType, size } = subject;
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/x-test',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest, size: 2 },
      layers: [],
      subject: { digest, mediaType, size },
      annotations: { name },
    }),
  );
  const stored = registry.content.putManifest(
    'team/app',
    `r-${name}`,
    bytes,
    'application/vnd.oci.image.manifest.v1+json',
  );
  if ('problem' in stored) throw new Error(stored.problem);
}
