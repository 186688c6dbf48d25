import {
  CelError,
  type CelHost,
  type CelValue,
  type GroupVersionResource,
  type HttpCall,
  type HttpResponse,
  type JwsQuestion,
  type ResourceAddress,
  toJson,
} from '@vouchsafe/cel';
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
export function createFactHost(input: RuleInput, options: FactHostOptions): CelHost {
  return new FactHost(input, options);
}

/** A host that answers more, or otherwise; `host` itself is left alone. Its methods are inherited, so that it cannot be spread. */
export function extendHost(host: CelHost, more: CelHost): CelHost {
  return Object.assign(Object.create(host), more);
}

/** One for each evaluation: a class, so that it costs no closures. */
class FactHost implements CelHost {
  private readonly input: RuleInput;
  private readonly options: FactHostOptions;

  constructor(input: RuleInput, options: FactHostOptions) {
    this.input = input;
    this.options = options;
  }

  private ask(request: FactRequest): Fact {
    return this.input.facts.get(request);
  }

  getResource({ apiVersion, resource, namespace }: ResourceAddress, name: string): Answer {
    const fact = this.ask({ kind: 'api-resource', apiVersion, resource, namespace, name });
    return !fact.ok && fact.class === 'not-found' ? null : toAnswer(fact);
  }

  listResources(
    { apiVersion, resource, namespace }: ResourceAddress,
    labels: Readonly<Record<string, string>>,
  ): Answer {
    return toAnswer(this.ask({ kind: 'api-resource', apiVersion, resource, namespace, labels: { ...labels } }));
  }

  postResource(address: ResourceAddress, object: CelValue): Answer {
    const data = toJson(object);
    if (data instanceof CelError) return data;
    if (!isJsonObject(data)) return new CelError('the data is no object');
    // Webhooks promise the API server that a dry run has no side effects.
    const urlPath = `${collectionPath(address)}${this.input.request.dryRun ? '?dryRun=All' : ''}`;
    return toAnswer(this.ask({ kind: 'api-call', method: 'POST', urlPath, data }));
  }

  toGroupVersionResource(apiVersion: string, kind: string): GroupVersionResource | CelError {
    return toMapping(this.ask({ kind: 'kind-mapping', apiVersion, resourceKind: kind }));
  }

  getGlobalContext(name: string, projection: string): Answer {
    const fact = this.ask({ kind: 'global-context', name, ...(projection === '' ? {} : { projection }) });
    return !fact.ok && fact.class === 'not-found' ? null : toAnswer(fact);
  }

  callHttp({ url, headers, caBundle, body }: HttpCall): HttpResponse | CelError {
    const data = body === undefined ? undefined : toJson(body);
    if (data instanceof CelError) return data;
    const { namespace } = this.options.policy;
    const fact = this.ask({
      kind: 'http-call',
      method: data === undefined ? 'GET' : 'POST',
      url,
      headers: { ...headers },
      ...(caBundle === undefined ? {} : { caBundle }),
      ...(data === undefined ? {} : { data }),
      ...(namespace === undefined ? {} : { policyNamespace: namespace }),
    });
    return fact.ok ? toResponse(fact.value) : new CelError(fact.message);
  }

  getImageMetadata(reference: string): Answer {
    const { access = ANONYMOUS } = this.options;
    const fact = this.ask({ kind: 'image-data', reference, access });
    return fact.ok ? toImageMetadata(fact.value) : toAnswer(fact);
  }

  hash(algorithm: 'sha1' | 'sha256' | 'md5', text: string): string {
    return this.options.host.hash(algorithm, text);
  }

  compress(text: string): Uint8Array | CelError {
    return this.options.host.compress?.(text) ?? new CelError('not available');
  }

  decompress(bytes: Uint8Array): string | CelError {
    const text = this.options.host.decompress?.(bytes);
    if (text === undefined) return new CelError('not available');
    return text instanceof EvaluationError ? new CelError(text.message) : text;
  }

  random(): number {
    return this.options.host.random();
  }

  now(): bigint {
    return BigInt(this.input.request.now) * 1_000_000n;
  }

  verifyJws(question: JwsQuestion): boolean | CelError {
    const verified = this.options.host.verifyJws?.(question);
    if (verified === undefined) return new CelError('signatures of tokens cannot be checked here');
    return verified instanceof EvaluationError ? new CelError(verified.message) : verified;
  }

  decodeCertificate(pem: string): Answer {
    const decoded = this.options.host.decodeCertificate(pem);
    return decoded instanceof EvaluationError ? new CelError(decoded.message) : decoded;
  }
}

type Answer = CelValue | CelError;

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
