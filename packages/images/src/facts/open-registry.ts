import { createCredentialHelpers } from '../credentials/credential-helpers.ts';
import { createLayoutClient } from '../registry/layout-client.ts';
import { defaultLimits } from '../registry/limits.ts';
import { readProxyRules } from '../registry/proxy-rules.ts';
import { createRegistryClient, type RegistryClient, type RemoteRegistryClient } from '../registry/registry-client.ts';
import type { ImageSourceOptions } from './image-source.ts';

/** What of an image source's options is about registries. */
export type RegistryOptions = Omit<ImageSourceOptions, 'cache' | 'trustRoot'>;

/** The registry client of a source, or a folder in its place. */
export function openRegistry(options: RegistryOptions): RegistryClient {
  const { layout } = options;
  if (layout === undefined) return openRemoteRegistry(options);
  return createLayoutClient(layout, { ...defaultLimits, ...options.limits });
}

/** Registries over the network: docker configurations first, then the logins of cloud providers. */
export function openRemoteRegistry(options: Omit<RegistryOptions, 'layout'>): RemoteRegistryClient {
  const { hosts = {}, credentials, userAgent, environment = process.env, now = Date.now } = options;
  const { credentialProviders = [] } = options;
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
    limits: { ...defaultLimits, ...options.limits },
    proxy: readProxyRules(environment),
  });
}
