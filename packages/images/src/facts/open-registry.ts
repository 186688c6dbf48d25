import { createCredentialHelpers } from '../credentials/credential-helpers.ts';
import { createLayoutClient } from '../registry/layout-client.ts';
import { defaultLimits } from '../registry/limits.ts';
import { createRegistryClient, type RegistryClient } from '../registry/registry-client.ts';
import type { ImageSourceOptions } from './image-source.ts';

/** The registry client of a source, or a folder in its place: docker configurations first, then the logins of cloud providers. */
export function openRegistry(options: Omit<ImageSourceOptions, 'cache' | 'trustRoot'>): RegistryClient {
  const { hosts = {}, credentials, userAgent, environment = process.env, now = Date.now } = options;
  const { credentialProviders = [], layout } = options;
  const limits = { ...defaultLimits, ...options.limits };
  if (layout !== undefined) return createLayoutClient(layout, limits);
  return createRegistryClient({
    hosts,
    credentials,
    createHelpers(connections) {
      const helpers = createCredentialHelpers({ connections, environment, userAgent, now });
      return {
        login: (host, names, signal) => helpers.login(host, names.length > 0 ? names : credentialProviders, signal),
      };
    },
    userAgent,
    limits,
  });
}
