import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PlainReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Serves GET requests over plain HTTP: metrics and health, as Prometheus and the kubelet ask for them. */
export async function startPlainServer(
  host: string,
  port: number,
  reply: (path: string, query: string) => Promise<PlainReply | undefined>,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    request.resume();
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    Promise.resolve(isRead ? reply(path, query) : undefined)
      .then((found) => {
        const { status, contentType, body } = found ?? {
          status: 404,
          contentType: 'text/plain',
          body: '404 page not found\n',
        };
        response.writeHead(status, { 'Content-Type': contentType });
        response.end(request.method === 'HEAD' ? undefined : body);
      })
      .catch(() => response.writeHead(500).end());
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  server.maxConnections = 100;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host || undefined, () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port, // an AddressInfo, since it listens on TCP
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
