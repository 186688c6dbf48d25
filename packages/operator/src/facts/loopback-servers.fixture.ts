import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpSettings } from '../settings/http-settings.ts';

/** Loopback may be called here, where the servers are. */
export const OPEN: HttpSettings = { blocklist: ['169.254.169.254'], allowlist: [], namespacedPolicies: false };

/** What a server was asked. */
export interface Seen {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Two servers on loopback that answer alike. */
export interface LoopbackServers {
  /** The address of the first, without a slash at the end. */
  readonly one: string;
  /** What either was asked, in order. */
  readonly seen: Seen[];
  stop(): void;
}

/** `answer` may leave a response open; `other` is the address of the second server, for redirections. */
export async function startLoopbackServers(
  answer: (path: string, response: ServerResponse, other: string) => void,
): Promise<LoopbackServers> {
  const seen: Seen[] = [];
  let other = '';
  const servers = [0, 1].map(() =>
    createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        seen.push({ method: request.method, headers: request.headers, body });
        answer(request.url ?? '', response, other);
      });
    }),
  );
  const addresses = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // of a server that listens on TCP
    }),
  );
  const [one = '', second = ''] = addresses;
  other = second;
  return {
    one,
    seen,
    stop() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}
