/** What a request to the registry asks for. */
export type RegistryRequestKind = 'ping' | 'token' | 'manifest' | 'blob' | 'upload' | 'tags' | 'referrers' | 'unknown';

/** What happens instead of (or to) the honest answer. */
export type RegistryFaultEffect =
  /** The connection stays open and nothing is ever said. */
  | { kind: 'hang' }
  /** The socket is closed without an answer. */
  | { kind: 'reset' }
  /** An answer with this status; `body` as given, an OCI error document otherwise. */
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string }
  /** A login or error page with status 200, as captive portals and misconfigured proxies send. */
  | { kind: 'html'; status?: number }
  /** 429 with Retry-After. */
  | { kind: 'rate-limited'; retryAfterSeconds: number }
  /** A redirect (307 by default); `{path}` in the location stands for the request's path and query. */
  | { kind: 'redirect'; location: string; status?: number }
  /** The right answer with one byte added to the body: the content no longer has its digest. */
  | { kind: 'wrong-content' }
  /** The right body under a `Docker-Content-Digest` of something else. */
  | { kind: 'wrong-digest-header'; digest?: string }
  /** The connection is cut after so many bytes of the body, the announced length being the whole. */
  | { kind: 'truncated'; bytes: number }
  /** A body that never ends (spaces), until the client goes away. */
  | { kind: 'endless' }
  /** The referrers API does not exist: 404 for its GET, and pushes carry no OCI-Subject. */
  | { kind: 'no-referrers-api' }
  /** The referrers API answers with an empty list whatever was pushed. */
  | { kind: 'empty-referrers' };

/** A fault as data. Set per repository with `setFault`; it may be changed while the registry runs. */
export interface RegistryFault {
  effect?: RegistryFaultEffect;
  /** Milliseconds to wait before the answer (or the effect). */
  latencyMs?: number;
  /** Only requests of these kinds; all when absent. */
  kinds?: readonly RegistryRequestKind[];
  /** Only these HTTP methods; all when absent. */
  methods?: readonly string[];
  /** Only requests for this tag or digest. */
  reference?: string;
  /** Stops after so many requests; for ever when absent. */
  times?: number;
}

/** The parts of a request that faults are matched against. */
export interface FaultedRequest {
  method: string;
  kind: RegistryRequestKind;
  repository?: string;
  reference?: string;
}

/** `*` stands for every repository and for requests that name none. */
export const EVERY_REPOSITORY = '*';

export interface FaultTable {
  set(repository: string, faults: readonly RegistryFault[]): void;
  clear(): void;
  /** The first fault that applies, counted down when it is limited. */
  take(request: FaultedRequest): RegistryFault | undefined;
  /** True when the repository has lost its referrers API. Not counted down: it is a state, not an answer. */
  hasNoReferrersApi(repository: string): boolean;
}

export function createFaultTable(): FaultTable {
  const table = new Map<string, { fault: RegistryFault; left: number }[]>();
  const entriesFor = (repository: string | undefined) => [
    ...(repository === undefined ? [] : (table.get(repository) ?? [])),
    ...(table.get(EVERY_REPOSITORY) ?? []),
  ];

  return {
    set(repository, faults) {
      if (faults.length === 0) table.delete(repository);
      else
        table.set(
          repository,
          faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })),
        );
    },
    clear: () => table.clear(),
    take(request) {
      const entry = entriesFor(request.repository).find(({ fault, left }) => left > 0 && applies(fault, request));
      if (entry === undefined) return undefined;
      entry.left -= 1;
      return entry.fault;
    },
    hasNoReferrersApi(repository) {
      return entriesFor(repository).some(({ fault, left }) => left > 0 && fault.effect?.kind === 'no-referrers-api');
    },
  };
}

function applies(fault: RegistryFault, request: FaultedRequest): boolean {
  const isReferrersFault = fault.effect?.kind === 'no-referrers-api' || fault.effect?.kind === 'empty-referrers';
  if (isReferrersFault && request.kind !== 'referrers') return false;
  if (fault.kinds !== undefined && !fault.kinds.includes(request.kind)) return false;
  if (fault.methods !== undefined && !fault.methods.includes(request.method)) return false;
  return fault.reference === undefined || fault.reference === request.reference;
}
