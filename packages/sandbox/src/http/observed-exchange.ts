import type { IncomingMessage } from 'node:http';
import type { Cluster } from '../api/cluster.ts';
import { readDocument } from '../api/decode-body.ts';
import type { ResourceRequest } from '../api/resource-request.ts';
import type { JsonObject, JsonValue } from '../store/json-value.ts';
import { isJsonObject } from '../store/json-value.ts';
import type { AnswerWatcher } from './responder.ts';

/** A request for a resource with its answer. Streams (watches, logs) are told when they start, without a body. */
export interface ObservedExchange {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly userAgent: string;
  /** `kubectl apply`, from the header that kubectl sends unless told not to. */
  readonly command: string | undefined;
  /** The same for all requests of one kubectl process. */
  readonly session: string | undefined;
  readonly resource: {
    readonly group: string;
    readonly version: string;
    readonly plural: string;
    readonly singular: string;
    readonly kind: string;
    readonly isNamespaced: boolean;
    readonly namespace: string;
    readonly name: string;
    readonly subresource: string;
  };
  /** Media type of the body. */
  readonly mediaType: string;
  /** What a create or update carried, whatever its encoding; of a patch the text is in `patch`. */
  readonly object: JsonObject | undefined;
  readonly patch: string | undefined;
  readonly code: number;
  readonly warnings: readonly string[];
  /** The answer as JSON: an object, a Table or a Status. `undefined` for streams, text and YAML. */
  readonly answer: JsonObject | undefined;
}

export type ExchangeListener = (exchange: ObservedExchange) => void;

/** Those who are told of exchanges. Nothing is collected while there are none. */
export interface ExchangeObservers {
  add(listener: ExchangeListener): () => void;
  /** `undefined` while nobody listens. */
  begin(incoming: IncomingMessage, url: URL, cluster: Cluster): ExchangeProbe | undefined;
}

/** Collects the parts of one exchange and tells of it when it is answered. */
export interface ExchangeProbe extends AnswerWatcher {
  about(request: ResourceRequest): void;
  body(bytes: Uint8Array, mediaType: string): void;
}

/** Makes an empty list of observers. */
export function createExchangeObservers(): ExchangeObservers {
  const listeners = new Set<ExchangeListener>();
  return {
    add(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    begin(incoming, url, cluster) {
      return listeners.size === 0 ? undefined : createProbe(incoming, url, cluster, listeners);
    },
  };
}

function createProbe(
  incoming: IncomingMessage,
  url: URL,
  cluster: Cluster,
  listeners: ReadonlySet<ExchangeListener>,
): ExchangeProbe {
  let request: ResourceRequest | undefined;
  let sent: { readonly bytes: Uint8Array; readonly mediaType: string } | undefined;
  const method = incoming.method ?? 'GET';
  return {
    about(known) {
      request = known;
    },
    body(bytes, mediaType) {
      sent = { bytes, mediaType };
    },
    answered(code, text, warnings) {
      if (request === undefined) return;
      const { definition, namespace, name, subresource, userAgent } = request;
      const exchange: ObservedExchange = {
        method,
        url: `${url.pathname}${url.search}`,
        userAgent,
        command: headerOf(incoming, 'kubectl-command'),
        session: headerOf(incoming, 'kubectl-session'),
        resource: {
          group: definition.group,
          version: definition.version,
          plural: definition.plural,
          singular: definition.singular,
          kind: definition.kind,
          isNamespaced: definition.namespaced,
          namespace,
          name,
          subresource,
        },
        mediaType: sent?.mediaType ?? '',
        object: method === 'POST' || method === 'PUT' ? decoded(cluster, sent, definition.kind) : undefined,
        patch: method === 'PATCH' && sent !== undefined ? new TextDecoder().decode(sent.bytes) : undefined,
        code,
        warnings,
        answer: text === undefined ? undefined : parsed(text),
      };
      for (const listener of listeners) listener(exchange);
    },
  };
}

function headerOf(incoming: IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name];
  return typeof value === 'string' ? value : undefined;
}

function decoded(
  cluster: Cluster,
  sent: { readonly bytes: Uint8Array; readonly mediaType: string } | undefined,
  kind: string,
): JsonObject | undefined {
  if (sent === undefined) return undefined;
  try {
    return readDocument(cluster, { kind: 'bytes', ...sent }, kind).object;
  } catch {
    return undefined; // the answer says what is wrong with it
  }
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as JsonValue; // what JSON.parse makes
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
