import { Agent, request } from 'node:https';

/** One connection that asks again and again. */
export interface Line {
  readonly isBusy: boolean;
  /** Connects, handshake and all, and asks whether the server lives. Never rejects. */
  open(port: number): Promise<void>;
  /** Never rejects. `status` 0: no answer came. */
  post(port: number, path: string, body: string): Promise<{ readonly status: number; readonly body: string }>;
  close(): void;
}

/** Longer than any timeout that is asked for: an answer that takes longer has not kept its word. */
const PATIENCE_MS = 15_000;
const NO_ANSWER = { status: 0, body: '' } as const;

export function openLine(): Line {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  let isBusy = false;
  return {
    get isBusy() {
      return isBusy;
    },
    async open(port) {
      await send(agent, { port, path: '/livez' }, undefined);
    },
    async post(port, path, body) {
      isBusy = true;
      try {
        return await send(agent, { port, path }, body);
      } finally {
        isBusy = false;
      }
    },
    close: () => agent.destroy(),
  };
}

function send(
  agent: Agent,
  { port, path }: { readonly port: number; readonly path: string },
  body: string | undefined,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    const headers =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const call = request(
      { host: '127.0.0.1', port, path, method: body === undefined ? 'GET' : 'POST', agent, headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
        response.on('error', () => resolve(NO_ANSWER));
      },
    );
    call.setTimeout(PATIENCE_MS, () => call.destroy());
    call.on('error', () => resolve(NO_ANSWER));
    call.end(body);
  });
}
