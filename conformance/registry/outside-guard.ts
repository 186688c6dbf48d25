import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';

/** Keeps whoever heeds proxies on this machine, and tells where they wanted to go. */
export interface OutsideGuard {
  /** For the processes that are to be kept. */
  readonly environment: Readonly<Record<string, string>>;
  /** Hosts that were asked for since the last call. */
  hosts(): readonly string[];
  stop(): Promise<void>;
}

/** Starts a proxy on loopback that lets nobody through. */
export async function startOutsideGuard(): Promise<OutsideGuard> {
  const asked = new Set<string>();
  const server: Server = createServer((request, response) => {
    asked.add(URL.parse(request.url ?? '')?.host ?? 'somewhere');
    response.writeHead(502).end();
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    asked.add((request.url ?? 'somewhere').replace(/:443$/, ''));
    socket.on('error', () => {}); // the client may be gone already
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(0, '127.0.0.1', done);
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
  return {
    environment: { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: '127.0.0.1,localhost' },
    hosts() {
      const hosts = [...asked];
      asked.clear();
      return hosts;
    },
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
