import { type Connections, createConnections } from '../registry/connections.ts';
import type { Environment } from '../registry/environment.ts';
import { followRedirects } from '../registry/follow-redirects.ts';
import { readProxyRules } from '../registry/proxy-rules.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import type { FetchFile } from './tuf-client.ts';
import { TufProblem } from './tuf-problem.ts';

const exchangeMs = 10_000;
/** Milliseconds all exchanges of one round may take. */
const roundMs = 60_000;
const redirects = 3;

export interface TufMirror {
  /** Begins a round: all files it asks for come within its time. */
  startRound(stopping: AbortSignal): FetchFile;
  /** Without user information and query. */
  readonly shown: string;
  close(): Promise<void>;
}

export interface TufMirrorOptions {
  /** `https://host/path`; `http:` where an installation says so: every byte is signed. */
  readonly url: string;
  /** PEM certificates trusted besides the system's. */
  readonly ca?: string;
  readonly userAgent: string;
  /** The mirror may be at a loopback address: the operator of this process named it, and not a policy. */
  readonly mayBeLoopback: boolean;
  /** Holds the proxies. */
  readonly environment: Environment;
}

/** Asks a TUF repository over HTTP. Throws {@link TufProblem} for what is no such address. */
export function openTufMirror({ url, ca, userAgent, environment, mayBeLoopback }: TufMirrorOptions): TufMirror {
  const base = URL.parse(url);
  if (base === null || (base.protocol !== 'https:' && base.protocol !== 'http:') || base.username !== '') {
    throw new TufProblem('the mirror is not an http or https URL');
  }
  const connections = createConnections({
    connections: 2,
    timeoutMs: exchangeMs,
    proxy: readProxyRules(environment),
  });
  const folder = `${base.origin}${base.pathname.replace(/\/+$/, '')}/`;
  const ask = (path: string, maximumBytes: number, signal: AbortSignal) =>
    askFor(
      connections,
      new URL(path, folder),
      { ca, userAgent, loopbackHost: mayBeLoopback ? base.host : undefined, maximumBytes },
      signal,
    );
  return {
    shown: folder.slice(0, -1),
    startRound(stopping) {
      const signal = AbortSignal.any([stopping, AbortSignal.timeout(roundMs)]);
      return (path, maximumBytes) => ask(path, maximumBytes, signal);
    },
    close: () => connections.close(),
  };
}

interface Manner {
  readonly ca: string | undefined;
  readonly userAgent: string;
  readonly loopbackHost: string | undefined;
  readonly maximumBytes: number;
}

async function askFor(
  connections: Connections,
  url: URL,
  { ca, userAgent, loopbackHost, maximumBytes }: Manner,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const request = {
    url,
    method: 'GET',
    headers: { 'user-agent': userAgent },
    maximumBytes,
    ca,
    insecure: false,
    loopbackHost,
  } as const;
  const answer = await followRedirects(connections, request, redirects, signal).catch((error: unknown) => {
    if (!(error instanceof RegistryFailure)) throw error;
    throw new TufProblem(`${nameOf(url)}: ${error.message.replace(/^registry /, '')}`);
  });
  // Stores behind mirrors answer 403 for what does not exist.
  if (answer.status === 404 || answer.status === 403) return undefined;
  if (answer.status !== 200) throw new TufProblem(`${nameOf(url)}: the mirror answered ${answer.status}`);
  return answer.body;
}

function nameOf(url: URL): string {
  return url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
}
