import type { IncomingMessage } from 'node:http';
import type { RegistryRequestKind } from './registry-fault.ts';
import type { RegistryRoute } from './route.ts';

/** One request as the registry saw it. Credentials are never kept, only which scheme was used. */
export interface RegistryRequest {
  /** Milliseconds since the epoch. */
  at: number;
  method: string;
  /** Path and query. */
  path: string;
  kind: RegistryRequestKind;
  repository?: string;
  reference?: string;
  authorization: 'none' | 'basic' | 'bearer' | 'other';
  userAgent: string;
  accept: string;
  /** Absent while the answer is not complete. */
  status?: number;
}

export interface RequestLog {
  begin(request: IncomingMessage, url: URL, route: RegistryRoute): RegistryRequest;
  end(entry: RegistryRequest, status: number): void;
  entries(): readonly RegistryRequest[];
  clear(): void;
}

const MAX_ENTRIES = 5000;

export function createRequestLog(): RequestLog {
  let entries: RegistryRequest[] = [];
  return {
    begin(request, url, route) {
      const entry: RegistryRequest = {
        at: Date.now(),
        method: request.method ?? 'GET',
        path: url.pathname + url.search,
        ...route,
        authorization: schemeOf(request.headers.authorization),
        userAgent: request.headers['user-agent'] ?? '',
        accept: request.headers.accept ?? '',
      };
      entries.push(entry);
      if (entries.length > MAX_ENTRIES * 2) entries = entries.slice(-MAX_ENTRIES);
      return entry;
    },
    end(entry, status) {
      entry.status = status;
    },
    entries: () => entries.slice(-MAX_ENTRIES),
    clear: () => {
      entries = [];
    },
  };
}

function schemeOf(header: string | undefined): RegistryRequest['authorization'] {
  if (header === undefined) return 'none';
  const scheme = header.slice(0, header.indexOf(' ')).toLowerCase();
  return scheme === 'basic' || scheme === 'bearer' ? scheme : 'other';
}
