import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkerAnswer } from './golden-worker.ts';

export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

const TIMEOUT_MS = 50_000;
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">
const answer = (message) => fetch('/answer', { method: 'POST', body: JSON.stringify(message) });
const worker = new Worker('/worker.js');
worker.onmessage = ({ data }) => answer(data);
worker.onerror = ({ message }) => answer({ ok: false, message: String(message) });
worker.postMessage(await (await fetch('/data.json')).json());
</script>`;

/**
 * Runs a worker's script in a headless Chromium, hands it `data`, and gives back its first message. The page is served on
 * loopback; nothing else is asked.
 */
export async function runInChromium(script: string, data: unknown): Promise<WorkerAnswer> {
  const profile = await mkdtemp(join(tmpdir(), 'vouchsafe-chromium-'));
  const { server, answer, url } = await serve(script, JSON.stringify(data));
  const browser = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${profile}`, url], { stdio: 'ignore', detached: true });
  const ended = new Promise<void>((resolve) => void browser.once('exit', () => resolve()));
  const early = ended.then(() => Promise.reject(new Error('Chromium ended before the worker answered')));
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Error('the worker did not answer')), TIMEOUT_MS).unref();
  });
  try {
    return await Promise.race([answer, early, late]);
  } finally {
    // With the processes it started: it leads a group of its own.
    if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, 'SIGKILL');
    await ended;
    server.close();
    server.closeAllConnections();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

async function serve(
  script: string,
  data: string,
): Promise<{ readonly server: Server; readonly answer: Promise<WorkerAnswer>; readonly url: string }> {
  const files: ReadonlyMap<string, readonly [type: string, text: string]> = new Map([
    ['/', ['text/html', PAGE]],
    ['/worker.js', ['text/javascript', script]],
    ['/data.json', ['application/json', data]],
  ]);
  let settle: (answer: WorkerAnswer) => void = () => undefined;
  const answer = new Promise<WorkerAnswer>((resolve) => {
    settle = resolve;
  });
  const server = createServer((request, response) => {
    const [type, text] = files.get(request.url ?? '') ?? ['text/plain', ''];
    response.setHeader('content-type', type).end(text);
    // What the worker posts.
    if (request.url === '/answer') readBody(request).then((body) => settle(JSON.parse(body) as WorkerAnswer));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { server, answer, url: `http://127.0.0.1:${port}/` };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}
