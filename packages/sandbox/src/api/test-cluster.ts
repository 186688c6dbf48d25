import { createResourceStore, type ResourceStoreOptions } from '../store/resource-store.ts';
import { OPEN_ADMISSION } from './admission-port.ts';
import { ALLOW_ALL } from './authorizer.ts';
import { builtInResources } from './built-in-resources.ts';
import type { Cluster } from './cluster.ts';
import { createResourceCatalogue } from './resource-catalogue.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { ResourceRequest } from './resource-request.ts';
import { SCHEMA } from './schema-binding.ts';
import { createTokenIssuer } from './service-account-tokens.ts';
import { ADMIN_USER } from './user-info.ts';

/** A cluster without a server: for tests of the parts below HTTP. */
export function createTestCluster(options: ResourceStoreOptions = {}): Cluster {
  return {
    store: createResourceStore(options),
    catalogue: createResourceCatalogue(builtInResources()),
    schema: SCHEMA,
    now: () => new Date(),
    tokens: createTokenIssuer(),
    admission: OPEN_ADMISSION,
    authorizer: ALLOW_ALL,
    podLog: () => '',
  };
}

/** A request of the administrator. `target` is `group/version/plural`, the core group empty. */
export function testRequest(
  cluster: Cluster,
  target: string,
  parts: { namespace?: string; name?: string; subresource?: string; query?: string; warnings?: string[] } = {},
): ResourceRequest {
  const [group = '', version = '', plural = ''] = target.split('/');
  const definition: ResourceDefinition | undefined = cluster.catalogue.find(group, version, plural);
  if (definition === undefined) {
    throw new Error(`no resource ${target}`);
  }
  return {
    definition,
    subresource: parts.subresource ?? '',
    namespace: definition.namespaced ? (parts.namespace ?? 'default') : '',
    name: parts.name ?? '',
    query: new URLSearchParams(parts.query ?? ''),
    user: ADMIN_USER,
    userAgent: 'test/1.0',
    warn: (text) => parts.warnings?.push(text),
  };
}
