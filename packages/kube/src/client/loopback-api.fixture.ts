import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ClusterConnection, ClusterCredentials } from '../config/cluster-connection.ts';

/** A request as the test's handler sees it. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface LoopbackApi {
  readonly connection: ClusterConnection;
  readonly seen: SeenRequest[];
  readonly close: () => Promise<void>;
}

type Handler = (request: SeenRequest, response: ServerResponse) => void;

/** A server on loopback for tests, with everything it was asked. With `tls` it speaks HTTPS. */
export async function startLoopbackApi(
  handle: Handler,
  options: { readonly tls?: ServerOptions; readonly connection?: Partial<ClusterConnection> } = {},
): Promise<LoopbackApi> {
  const seen: SeenRequest[] = [];
  const listener = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk);
    const url = message.url ?? '';
    const request = {
      method: message.method ?? '',
      url,
      query: new URL(url, 'http://x').searchParams,
      headers: message.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    seen.push(request);
    handle(request, response);
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    seen,
    connection: {
      server: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
      namespace: 'default',
      insecureSkipTlsVerify: false,
      credentials: async (): Promise<ClusterCredentials> => ({}),
      ...options.connection,
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function answerJson(
  response: ServerResponse,
  body: unknown,
  code = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function answerStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  headers: Record<string, string> = {},
): void {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `said ${reason}`,
    reason,
    code,
  };
  answerJson(response, status, code, headers);
}
