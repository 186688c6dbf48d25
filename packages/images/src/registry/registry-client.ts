import type { RegistryAccess } from '@vouchsafe/engine/facts';
import {
  checkHosts,
  endpointOf,
  type RegistryEndpoint,
  type RegistryHosts,
  wireRepository,
} from '../names/registry-hosts.ts';
import type { EvidenceLocation } from '../names/signature-location.ts';
import { askPatiently } from './ask-patiently.ts';
import { type AuthorizationTarget, createAuthorizer } from './authorizer.ts';
import { type Answer, type Connections, createConnections, type Exchange } from './connections.ts';
import { type CredentialHelpers, type CredentialSource, chooseCredential } from './credential-source.ts';
import { followRedirects } from './follow-redirects.ts';
import type { RegistryLimits } from './limits.ts';
import { noProxy, type ProxyRules } from './proxy-rules.ts';
import { RegistryFailure } from './registry-failure.ts';
import { createRepositoryReader, type RepositoryReader } from './repository-reader.ts';
import { createRepositoryWriter, type RepositoryWriter } from './repository-writer.ts';
import { untilAborted } from './until-aborted.ts';

/** An OCI distribution client that reads. */
export interface RegistryClient {
  open(location: EvidenceLocation, access: RegistryAccess): RepositoryReader;
  /** HTTP exchanges sent since the start, token requests not counted. */
  readonly requests: number;
  close(): Promise<void>;
}

/** A client of registries over the network: what is a folder cannot be written to. */
export interface RemoteRegistryClient extends RegistryClient {
  openWriter(location: EvidenceLocation, access: RegistryAccess): RepositoryWriter;
}

/** One request to a repository. */
interface RepositoryRequest {
  readonly method: Exchange['method'];
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Most bytes of the answer's body. */
  readonly maximumBytes: number;
}

type SendRequest = (request: RepositoryRequest, signal: AbortSignal) => Promise<Answer>;

export interface RegistryClientOptions {
  readonly hosts: RegistryHosts;
  readonly credentials: CredentialSource | undefined;
  /** Logins of cloud providers, made over the client's own connections. */
  readonly createHelpers?: (connections: Connections) => CredentialHelpers;
  readonly userAgent: string;
  readonly limits: RegistryLimits;
  /** Through which proxies hosts are asked; none when absent. */
  readonly proxy?: ProxyRules;
}

const plainHttpCodes = /^(?:EPROTO|ERR_SSL_|ECONNREFUSED)/;

export function createRegistryClient(options: RegistryClientOptions): RemoteRegistryClient {
  const { hosts, limits, userAgent, proxy = noProxy } = options;
  checkHosts(hosts);
  const connections = createConnections({ connections: limits.connections, timeoutMs: limits.exchangeMs, proxy });
  const helpers = options.createHelpers?.(connections);
  const authorizer = createAuthorizer(connections, userAgent, limits);
  /** Insecure hosts that turned out to speak plain HTTP. */
  const plainHosts = new Set<string>();
  let requests = 0;

  function open(location: EvidenceLocation, access: RegistryAccess): RepositoryReader {
    const { host, repository, send } = openRepository(location, access, 'pull');
    return createRepositoryReader({
      host,
      repository,
      limits,
      send: (path, accept, maximumBytes, signal, head = false) =>
        send({ method: head ? 'HEAD' : 'GET', path, headers: { accept }, maximumBytes }, signal),
    });
  }

  function openWriter(location: EvidenceLocation, access: RegistryAccess): RepositoryWriter {
    const { host, repository, send } = openRepository(location, access, 'pull,push');
    return createRepositoryWriter({
      host,
      repository,
      send: (request, signal) => send({ ...request, maximumBytes: limits.manifestBytes }, signal),
    });
  }

  function openRepository(
    location: EvidenceLocation,
    access: RegistryAccess,
    actions: AuthorizationTarget['actions'],
  ): { readonly host: string; readonly repository: string; readonly send: SendRequest } {
    const endpoint = endpointOf(location.registry, hosts, access.allowInsecure);
    const repository = wireRepository(location.registry, location.repository, endpoint);
    let target: Promise<AuthorizationTarget> | undefined;

    async function createTarget(signal: AbortSignal): Promise<AuthorizationTarget> {
      const choice = chooseCredential(options.credentials, access, endpoint.host, repository, signal, helpers);
      const credential = await untilAborted(choice, 'the question for registry credentials', signal);
      const loopbackHost = endpoint.isMapped ? endpoint.host : undefined;
      return { ...endpoint, origin: originOf(endpoint), loopbackHost, repository, credential, actions };
    }

    async function send(request: RepositoryRequest, signal: AbortSignal): Promise<Answer> {
      target ??= createTarget(signal);
      const known = await target.catch((error: unknown) => {
        target = undefined;
        throw error;
      });
      try {
        return await sendTo(known, request, signal);
      } catch (error) {
        if (!mayFallBack(endpoint, known, error) || signal.aborted) throw error;
        plainHosts.add(endpoint.host);
        const plain = { ...known, origin: originOf(endpoint) };
        target = Promise.resolve(plain);
        return sendTo(plain, request, signal);
      }
    }

    return { host: endpoint.host, repository, send };
  }

  function originOf(endpoint: RegistryEndpoint): string {
    return endpoint.insecure && plainHosts.has(endpoint.host) ? `http://${endpoint.host}` : endpoint.origin;
  }

  async function sendTo(target: AuthorizationTarget, request: RepositoryRequest, signal: AbortSignal): Promise<Answer> {
    const { method, path, headers, body, maximumBytes } = request;
    const exchange = (authorization: string | undefined): Exchange => ({
      url: new URL(path, target.origin),
      method,
      headers: { 'user-agent': userAgent, ...headers, ...(authorization === undefined ? {} : { authorization }) },
      ...(body === undefined ? {} : { body }),
      maximumBytes,
      ca: target.ca,
      insecure: target.insecure,
      loopbackHost: target.loopbackHost,
    });
    const patience = { host: target.host, maximumMs: limits.retryAfterMs, signal };
    const ask = (authorization: string | undefined): Promise<Answer> =>
      askPatiently(() => {
        requests += 1;
        // What is written goes to the registry that was named, and nowhere else.
        if (method === 'POST' || method === 'PUT') return connections.exchange(exchange(authorization), signal);
        return followRedirects(connections, exchange(authorization), limits.redirects, signal);
      }, patience);
    const answer = await ask(authorizer.remembered(target));
    if (answer.status !== 401 || answer.url.origin !== target.origin) return answer;
    return ask(await authorizer.answer(target, answer, signal));
  }

  return {
    open,
    openWriter,
    get requests() {
      return requests;
    },
    close: () => connections.close(),
  };
}

/** Plain HTTP is only tried on hosts somebody declared insecure, and not where a URL was given outright. */
function mayFallBack(endpoint: RegistryEndpoint, used: AuthorizationTarget, error: unknown): boolean {
  if (!endpoint.insecure || !used.origin.startsWith('https:')) return false;
  return error instanceof RegistryFailure && plainHttpCodes.test(error.code ?? '');
}
