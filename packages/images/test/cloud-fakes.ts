import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { createCredentialHelpers } from '../src/credentials/credential-helpers.ts';
import { createConnections } from '../src/registry/connections.ts';
import type { Environment } from '../src/registry/environment.ts';

export const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

interface Seen {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
export interface Fake {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
}

export const everybody = ['google', 'amazon', 'azure', 'github'];
export const soon = () => AbortSignal.timeout(3000);

/** All services at one port: `METHOD path` to answers, and helpers that find them there. */
export async function startFakes(
  answers: Record<string, Fake>,
  origins: readonly string[],
  environment: Environment,
  clock: { time: number } = { time: Date.parse('2026-11-21T12:00:00Z') },
) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer); // a request of http gives buffers
    const line = `${request.method} ${request.url}`;
    seen.push({ line, headers: request.headers, body: Buffer.concat(parts).toString() });
    const { status = 200, headers = {}, body } = answers[line] ?? { status: 404, body: {} };
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const connections = createConnections({ connections: 2, timeoutMs: 1000 });
  cleanups.push(
    () => connections.close(),
    () => server.close(),
  );
  const helpers = createCredentialHelpers({
    connections,
    environment,
    userAgent: 'test',
    now: () => clock.time,
    origins: Object.fromEntries(origins.map((origin) => [origin, `http://127.0.0.1:${address.port}`])),
  });
  return { seen, helpers, clock };
}

export function tokenFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-token-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  writeFileSync(file, `${text}\n`);
  return file;
}
