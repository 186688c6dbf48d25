import { isJsonArray, isJsonObject, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import { type KubeClient, KubeError } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';

const DEFINITIONS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } as const;
/** How long a definition is not read again: admissions would ask for it each time. */
const KEPT_MS = 30_000;
/** Definitions beyond this many are read when they are asked for. */
const MOST_KEPT = 500;

/** Reads the `openAPIV3Schema` of a version of a kind. Rejects with a `KubeError`: 404 for kinds without a definition. */
export type DefinitionSchemas = (
  kind: { readonly apiVersion: string; readonly resourceKind: string },
  signal: AbortSignal | undefined,
) => Promise<JsonObject>;

interface Kept {
  readonly until: number;
  /** Tells whether the definition is still the one that was read. */
  readonly resourceVersion: unknown;
  readonly schema: JsonObject;
}

/**
 * The schemas of a cluster's definitions. A definition that did not change gives the same object, so that what is made of it
 * is kept.
 *
 * @param now milliseconds since the epoch
 */
export function createDefinitionSchemas(client: KubeClient, now: () => number = Date.now): DefinitionSchemas {
  const kept = new Map<string, Kept>();
  return async ({ apiVersion, resourceKind }, signal) => {
    const key = `${apiVersion}/${resourceKind}`;
    const known = kept.get(key);
    if (known && known.until > now()) return known.schema;
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    const found = await client.discovery.findKind({ group, version, kind: resourceKind });
    if (!found || group === '') throw notDefined(key);
    const definition = jsonOf(await client.get(DEFINITIONS, { name: `${found.resource}.${group}` }, { signal }));
    const resourceVersion = memberAt(definition, 'metadata', 'resourceVersion');
    const isSame = known !== undefined && resourceVersion !== undefined && known.resourceVersion === resourceVersion;
    const schema = isSame ? known.schema : schemaOf(definition, version);
    if (!schema) throw notDefined(key);
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(key, { until: now() + KEPT_MS, resourceVersion, schema });
    return schema;
  };
}

function schemaOf(definition: JsonObject, version: string): JsonObject | undefined {
  const versions = memberAt(definition, 'spec', 'versions');
  const own = isJsonArray(versions)
    ? versions.find((one) => isJsonObject(one) && member(one, 'name') === version)
    : undefined;
  const schema = memberAt(own, 'schema', 'openAPIV3Schema');
  return isJsonObject(schema) ? schema : undefined;
}

function notDefined(key: string): KubeError {
  return new KubeError(404, 'NotFound', `no definition of ${key} is known`);
}
