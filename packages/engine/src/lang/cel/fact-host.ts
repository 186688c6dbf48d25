import { CelError, type CelHost, type CelValue, type GroupVersionResource, toJson } from '@vouchsafe/cel';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest, RegistryAccess } from '../../facts/fact-request.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import { isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { PolicyRef } from '../../model/decision.ts';
import { toImageMetadata } from './image-metadata.ts';

export interface FactHostOptions {
  readonly policy: PolicyRef;
  readonly host: EngineHost;
  /** Credentials for `image.GetMetadata`; none when absent. */
  readonly access?: RegistryAccess;
}

const ANONYMOUS: RegistryAccess = { allowInsecure: false, providers: [], secrets: [] };

/**
 * Answers what expressions ask of the outside from the table of facts; what is missing there is thrown as a `Need`, which
 * no operator of the language absorbs. What changes the world (`generator.Apply`) is for the kind that has it.
 */
export function createFactHost(input: RuleInput, { policy, host, access = ANONYMOUS }: FactHostOptions): CelHost {
  const ask = (request: FactRequest): Fact => input.facts.get(request);
  return {
    getResource: ({ apiVersion, resource, namespace }, name) => {
      const fact = ask({ kind: 'api-resource', apiVersion, resource, namespace, name });
      return !fact.ok && fact.class === 'not-found' ? null : toAnswer(fact);
    },
    listResources: ({ apiVersion, resource, namespace }, labels) =>
      toAnswer(ask({ kind: 'api-resource', apiVersion, resource, namespace, labels: { ...labels } })),
    postResource: (address, object) => {
      const data = toJson(object);
      if (data instanceof CelError) return data;
      if (!isJsonObject(data)) return new CelError('the data is no object');
      return toAnswer(ask({ kind: 'api-call', method: 'POST', urlPath: collectionPath(address), data }));
    },
    toGroupVersionResource: (apiVersion, kind) =>
      toMapping(ask({ kind: 'kind-mapping', apiVersion, resourceKind: kind })),
    getGlobalContext: (name, projection) => {
      const fact = ask({ kind: 'global-context', name, ...(projection === '' ? {} : { projection }) });
      return !fact.ok && fact.class === 'not-found' ? null : toAnswer(fact);
    },
    callHttp: ({ url, headers, caBundle, body }) => {
      const data = body === undefined ? undefined : toJson(body);
      if (data instanceof CelError) return data;
      const fact = ask({
        kind: 'http-call',
        method: data === undefined ? 'GET' : 'POST',
        url,
        headers: { ...headers },
        ...(caBundle === undefined ? {} : { caBundle }),
        ...(data === undefined ? {} : { data }),
        ...(policy.namespace === undefined ? {} : { policyNamespace: policy.namespace }),
      });
      return fact.ok ? toResponse(fact.value) : new CelError(fact.message);
    },
    getImageMetadata: (reference) => {
      const fact = ask({ kind: 'image-data', reference, access });
      return fact.ok ? toImageMetadata(fact.value) : toAnswer(fact);
    },
    hash: (algorithm, text) => host.hash(algorithm, text),
    random: () => host.random(),
    now: () => BigInt(input.request.now) * 1_000_000n,
    ...hostParts(host),
  };
}

/** What not every runtime has. */
function hostParts(host: EngineHost): CelHost {
  const decode: CelHost['decodeCertificate'] = (pem) => {
    const decoded = host.decodeCertificate(pem);
    return decoded instanceof EvaluationError ? new CelError(decoded.message) : decoded;
  };
  return { decodeCertificate: decode };
}

function toAnswer(fact: Fact): CelValue | CelError {
  if (fact.ok) return fact.value;
  return new CelError(fact.class === 'denied' ? `permission denied: ${fact.message}` : fact.message);
}

function toMapping(fact: Fact): GroupVersionResource | CelError {
  if (!fact.ok) return new CelError(fact.message);
  const text = (key: string): string => {
    const value = isJsonObject(fact.value) ? member(fact.value, key) : undefined;
    return typeof value === 'string' ? value : '';
  };
  return { group: text('group'), version: text('version'), resource: text('resource') };
}

function toResponse(value: Json): { readonly status: number; readonly body: CelValue | undefined } {
  const response: JsonObject = isJsonObject(value) ? value : {};
  const status = member(response, 'status');
  return { status: typeof status === 'number' ? status : 0, body: member(response, 'body') };
}

function collectionPath({
  apiVersion,
  resource,
  namespace,
}: Parameters<NonNullable<CelHost['postResource']>>[0]): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${resource.split('/').map(encodeURIComponent).join('/')}`;
}
