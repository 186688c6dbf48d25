import type { ResourceStore } from '../store/resource-store.ts';
import type { AdmissionChain } from './admission-port.ts';
import type { Authorizer } from './authorizer.ts';
import type { ResourceCatalogue } from './resource-catalogue.ts';
import type { SchemaPort } from './schema-port.ts';
import type { TokenIssuer } from './token-issuer.ts';

/** The parts every verb works with. */
export interface Cluster {
  readonly store: ResourceStore;
  readonly catalogue: ResourceCatalogue;
  readonly schema: SchemaPort;
  readonly now: () => Date;
  readonly tokens: TokenIssuer;
  /** Replaced once while the server is put together; admission needs the cluster itself. */
  admission: AdmissionChain;
  authorizer: Authorizer;
  /** What a Pod's containers have written, for those whose work is done outside; empty for the others. */
  readonly podLog: (namespace: string, name: string) => string;
}
