import { rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';

/** What may be asked of a running sandbox from outside its process. */
export type ControlRequest =
  | { readonly ask: 'status' }
  | { readonly ask: 'reset' }
  | { readonly ask: 'stop' }
  /** Starts to keep the requests of kubectl, and gives what was kept: a `Recording`. */
  | { readonly ask: 'record'; readonly action: 'start' | 'stop' }
  | { readonly ask: 'operator'; readonly action: 'kill' | 'stop' | 'start' | 'restart' };

export type ControlReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

const MAX_REQUEST_BYTES = 64 * 1024;

/**
 * Listens on a Unix socket in the sandbox's own folder (mode 0700): who may open it is the owner alone, so it needs no
 * password. One JSON line each way, then the connection ends.
 */
export async function startControl(
  path: string,
  handle: (request: ControlRequest) => Promise<unknown>,
): Promise<{ stop(): Promise<void> }> {
  await rm(path, { force: true });
  const server = createServer((socket) => {
    let received = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (received.length > MAX_REQUEST_BYTES) socket.destroy();
      const end = received.indexOf('\n');
      if (end === -1) return;
      socket.pause();
      answer(received.slice(0, end), handle).then((reply) => socket.end(`${JSON.stringify(reply)}\n`));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

async function answer(line: string, handle: (request: ControlRequest) => Promise<unknown>): Promise<ControlReply> {
  try {
    return { ok: true, value: await handle(JSON.parse(line) as ControlRequest) }; // only our own program knocks here
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Asks a running sandbox. Rejects when it does not answer or refuses. */
export function askControl(path: string, request: ControlRequest, timeoutMs = 30_000): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let received = '';
    socket.setEncoding('utf8');
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('the sandbox does not answer')));
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('data', (chunk: string) => {
      received += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      try {
        const reply = JSON.parse(received) as ControlReply; // written by startControl
        if (reply.ok) resolve(reply.value);
        else reject(new Error(reply.message));
      } catch {
        reject(new Error('the sandbox ended without an answer'));
      }
    });
  });
}
