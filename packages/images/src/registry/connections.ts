import { setImmediate as turn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { Agent, buildConnector, type Dispatcher, ProxyAgent } from 'undici';
import { createGuardedLookup, forbiddenHost, refusalOfHost, refusalOfMetadataHost } from './address-guard.ts';
import { noProxy, type ProxyRules } from './proxy-rules.ts';
import { failureOf, RegistryFailure } from './registry-failure.ts';

/** How a host may be reached. */
export interface ConnectionRules {
  readonly ca: string | undefined;
  readonly insecure: boolean;
  /** The only `host:port` that may be a loopback address. */
  readonly loopbackHost: string | undefined;
  /** The only host name that may be a metadata service. Set for the login at a cloud provider and for nothing else. */
  readonly metadataHost?: string | undefined;
}

export interface Exchange extends ConnectionRules {
  readonly url: URL;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Most bytes of the answer's body. */
  readonly maximumBytes: number;
  /** Asking twice does no harm, though it is no GET or HEAD. */
  readonly isRepeatable?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly url: URL;
  /** The first value of a header, by lower-case name. */
  header(name: string): string | undefined;
  /** All values of a header. */
  headers(name: string): readonly string[];
  readonly body: Uint8Array;
}

/** Sends single HTTP exchanges: no redirects, bounded bodies, guarded addresses, kept-alive sockets. */
export interface Connections {
  /** Rejects with {@link RegistryFailure} only. */
  exchange(request: Exchange, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

const closedSocketCodes = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

export interface ConnectionOptions {
  /** Sockets to one host. */
  readonly connections: number;
  /** Bounds each wait for headers and between two parts of a body. */
  readonly timeoutMs: number;
  /** None when absent. Hosts that are mapped to loopback and metadata servers are never asked through one. */
  readonly proxy?: ProxyRules;
}

export function createConnections(options: ConnectionOptions): Connections {
  const { proxy: proxyOf = noProxy } = options;
  const agents = new LRUCache<string, Dispatcher>({
    max: 64,
    dispose: (agent) => {
      agent.close().catch(() => undefined);
    },
  });
  const agentFor = ({ url, ...rules }: Exchange): Dispatcher => {
    const proxy = url.hostname === rules.metadataHost ? undefined : proxyOf(url);
    const key = JSON.stringify([rules.ca, rules.insecure, rules.loopbackHost, rules.metadataHost, proxy?.href]);
    const known = agents.get(key);
    if (known !== undefined) return known;
    const agent = proxy === undefined ? createAgent(rules, options) : createProxyAgent(rules, options, proxy);
    agents.set(key, agent);
    return agent;
  };

  async function once(request: Exchange, signal: AbortSignal): Promise<Answer> {
    const response = await agentFor(request).request({
      origin: request.url.origin,
      path: `${request.url.pathname}${request.url.search}`,
      method: request.method,
      headers: { 'accept-encoding': 'identity', ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      // undici closes the socket after a HEAD, since some servers send a body all the same: then the next answer is asked for
      // again, below. All others are spared another handshake.
      reset: false,
      signal,
    });
    const headers = new Map(Object.entries(response.headers));
    const valuesOf = (name: string): readonly string[] => {
      const value = headers.get(name);
      return value === undefined ? [] : Array.isArray(value) ? value : [value];
    };
    const body = await readBounded(response.body, request.maximumBytes, request.url.host, signal);
    // undici uses a socket again after a turn of the event loop, and opens another one for whoever asks before.
    await turn();
    return {
      status: response.statusCode,
      url: request.url,
      header: (name) => valuesOf(name)[0],
      headers: valuesOf,
      body,
    };
  }

  return {
    async exchange(request, signal) {
      const { host, hostname } = request.url;
      const refusal =
        hostname === request.metadataHost
          ? refusalOfMetadataHost(hostname)
          : refusalOfHost(hostname, host === request.loopbackHost);
      if (refusal !== undefined) throw forbiddenHost(host, refusal);
      try {
        return await once(request, signal).catch((error: unknown) => {
          // A kept-alive socket that the other side closed meanwhile, or that holds what does not belong to this answer:
          // asking again is safe where it only reads.
          if (!(isClosedSocket(error) || isNoAnswer(error)) || signal.aborted || !mayRepeat(request)) throw error;
          return once(request, signal);
        });
      } catch (error) {
        throw failureOf(error, host, signal);
      }
    },
    async close() {
      const all = [...agents.values()];
      agents.clear();
      await Promise.all(all.map((agent) => agent.destroy()));
    },
  };
}

function tlsOf(rules: ConnectionRules, { timeoutMs }: ConnectionOptions) {
  return {
    timeout: timeoutMs,
    rejectUnauthorized: !rules.insecure,
    ...(rules.ca === undefined ? {} : { ca: [...systemAuthorities(), rules.ca] }),
  };
}

/** Asked of Node when it is needed: as an import, TLS is loaded at every start. */
function systemAuthorities(): readonly string[] {
  return process.getBuiltinModule('node:tls').getCACertificates('default');
}

function boundsOf({ connections, timeoutMs }: ConnectionOptions) {
  return {
    connections,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 10_000,
    maxHeaderSize: 64 * 1024,
  };
}

/**
 * The proxy resolves names, so addresses are its to guard; names of metadata services and literal addresses were refused
 * before. What a host may do with its certificate is the same as without one.
 */
function createProxyAgent(rules: ConnectionRules, options: ConnectionOptions, proxy: URL): ProxyAgent {
  return new ProxyAgent({
    ...boundsOf(options),
    uri: proxy.href,
    requestTls: tlsOf(rules, options),
    proxyTls: { timeout: options.timeoutMs },
  });
}

function createAgent(rules: ConnectionRules, options: ConnectionOptions): Agent {
  const tls = tlsOf(rules, options);
  const strict = buildConnector({ ...tls, lookup: createGuardedLookup('strict') });
  const relaxed = buildConnector({ ...tls, lookup: createGuardedLookup('loopback') });
  const metadata = buildConnector({ ...tls, lookup: createGuardedLookup('metadata') });
  return new Agent({
    ...boundsOf(options),
    connect(target, callback) {
      if (target.hostname === rules.metadataHost) return metadata(target, callback);
      const isNamed = rules.loopbackHost !== undefined && hostOf(target) === rules.loopbackHost;
      (isNamed ? relaxed : strict)(target, callback);
    },
  });
}

function hostOf(target: buildConnector.Options): string {
  const isDefault = target.port === '' || target.port === (target.protocol === 'https:' ? '443' : '80');
  return isDefault ? target.hostname : `${target.hostname}:${target.port}`;
}

interface Body extends AsyncIterable<Uint8Array> {
  destroy(error?: Error): unknown;
}

async function readBounded(body: Body, maximum: number, host: string, signal: AbortSignal): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of body) {
      length += part.length;
      if (length > maximum) {
        body.destroy();
        throw new RegistryFailure('permanent', `registry \`${host}\` sent more than ${maximum} bytes`);
      }
      parts.push(part);
    }
  } catch (error) {
    if (isClosedSocket(error) && !signal.aborted) {
      throw new RegistryFailure('transient', `registry \`${host}\` ended its answer early`);
    }
    throw error;
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, length);
}

function mayRepeat({ method, isRepeatable }: Exchange): boolean {
  return method === 'GET' || method === 'HEAD' || isRepeatable === true;
}

function isClosedSocket(error: unknown): boolean {
  return error instanceof Error && 'code' in error && closedSocketCodes.has(String(error.code));
}

function isNoAnswer(error: unknown): boolean {
  return error instanceof Error && error.name === 'HTTPParserError';
}
