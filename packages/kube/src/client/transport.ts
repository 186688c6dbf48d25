import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { Readable } from 'node:stream';
import { Agent, request as send } from 'undici';
import type { ClusterConnection, ClusterCredentials } from '../config/cluster-connection.ts';
import { KubeError } from './kube-error.ts';

/** One HTTP exchange, as the API layer asks for it. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  /** From the server's root, starting with one slash; may carry a query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
  /** Ask for credentials past every cache. */
  readonly refreshCredentials: boolean;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

export interface Transport {
  readonly exchange: (request: TransportRequest) => Promise<TransportResponse>;
  readonly close: () => Promise<void>;
}

const connectTimeoutMilliseconds = 10_000;

/** HTTP/1.1 with keep-alive over undici. A new client certificate gets a new set of connections. */
export function createTransport(connection: ClusterConnection): Transport {
  let agent: { readonly key: string; readonly value: Agent } | undefined;
  const retired = new Set<Agent>();
  const maySendAuthorization = isConfidential(connection.server);
  // Lets running requests finish; a watch on the old certificate ends on its own time-out.
  const retire = (old: Agent): void => {
    retired.add(old);
    old
      .close()
      .catch(() => undefined)
      .finally(() => retired.delete(old));
  };
  const agentFor = (credentials: ClusterCredentials): Agent => {
    const key = createHash('sha256').update(`${credentials.clientCertificate}\n${credentials.clientKey}`).digest('hex');
    if (agent?.key === key) return agent.value;
    if (agent !== undefined) retire(agent.value);
    agent = { key, value: createAgent(connection, credentials) };
    return agent.value;
  };
  return {
    exchange: async (request) => {
      const credentials = await readCredentials(connection, request.refreshCredentials);
      const authorization = maySendAuthorization ? credentials.authorization : undefined;
      const response = await send(urlOf(connection.server, request.path), {
        dispatcher: agentFor(credentials),
        method: request.method,
        headers: headersOf(request.headers, authorization),
        body: request.body ?? null,
        signal: request.signal,
      });
      return { status: response.statusCode, headers: flatten(response.headers), body: response.body };
    },
    close: async () => {
      await Promise.all([...retired, ...(agent === undefined ? [] : [agent.value])].map((open) => open.destroy()));
    },
  };
}

function createAgent(connection: ClusterConnection, credentials: ClusterCredentials): Agent {
  const { certificateAuthority, tlsServerName, insecureSkipTlsVerify } = connection;
  const { clientCertificate, clientKey } = credentials;
  return new Agent({
    allowH2: false,
    // Deadlines are the caller's: a watch may be silent for minutes.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: connectTimeoutMilliseconds,
      allowH2: false,
      rejectUnauthorized: !insecureSkipTlsVerify,
      ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
      ...(clientCertificate === undefined ? {} : { cert: clientCertificate }),
      ...(clientKey === undefined ? {} : { key: clientKey }),
    },
  });
}

/** Tokens travel over TLS, or stay on this machine; client-go does not send them over plain HTTP at all. */
function isConfidential(server: string): boolean {
  const { protocol, hostname } = new URL(server);
  return (
    protocol === 'https:' ||
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    (isIPv4(hostname) && hostname.startsWith('127.'))
  );
}

async function readCredentials(connection: ClusterConnection, refresh: boolean): Promise<ClusterCredentials> {
  try {
    return await connection.credentials({ refresh });
  } catch (error) {
    throw new KubeError(0, 'CredentialsUnavailable', error instanceof Error ? error.message : 'no credentials');
  }
}

/** The path cannot lead to another host: it is appended to the server as text and the origin is compared. */
function urlOf(server: string, path: string): URL {
  const text = `${server}${path}`;
  if (!path.startsWith('/') || !URL.canParse(text) || new URL(text).origin !== new URL(server).origin) {
    throw new KubeError(0, 'InvalidRequest', `\`${path}\` is not a path of the server`);
  }
  return new URL(text);
}

function headersOf(
  headers: TransportRequest['headers'],
  authorization: string | undefined,
): Record<string, string | string[]> {
  const plain: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) plain[name] = typeof value === 'string' ? value : [...value];
  if (authorization !== undefined) plain['authorization'] = authorization;
  return plain;
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return flat;
}
