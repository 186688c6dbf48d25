import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request as secureRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'rolldown';
import { median, residentMegabytes } from '../load/process-figures.ts';
import type { Suite } from '../suite.ts';

const run = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 25;
const MANY = 10_000;
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';

interface ServerProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly agent: Agent;
  readonly startMilliseconds: number;
}

/** The API server alone, bundled as users get it, in a process of its own; clients speak HTTPS with keep-alive. */
export const sandbox: Suite = {
  name: 'sandbox',
  summary: 'start, memory, creates, a long list and a watch of the sandbox API server',
  async run(report) {
    const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-bench-'));
    const program = await bundle(folder);
    try {
      const starts: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const server = await startServer(program);
        starts.push(server.startMilliseconds);
        await stopServer(server);
      }
      report('start', median(starts), 'ms', { must: 500, lower: true });
      const server = await startServer(program);
      try {
        await measure(server, folder, report);
      } finally {
        await stopServer(server);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function measure(server: ServerProcess, folder: string, report: Parameters<Suite['run']>[0]): Promise<void> {
  const pid = server.child.pid ?? 0;
  await send(server, 'GET', '/version');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  report('idle', residentMegabytes(pid), 'MB', { must: 100, lower: true });

  const body = join(folder, 'config-map.json');
  await writeFile(body, JSON.stringify(configMap('generateName', 'bench-')));
  await drive(server, body, 2);
  const rounds: number[] = [];
  for (let round = 0; round < 3; round += 1) rounds.push((await drive(server, body, SECONDS)).perSecond);
  report('creates', median(rounds), '1/s', { must: 2_000 });
  await send(server, 'DELETE', CONFIG_MAPS);

  report('watch.10000-changes', await watchChanges(server), 'ms');

  await inParallel(MANY, (index) => send(server, 'POST', PODS, pod(index)));
  await whenRunning(server);
  const lists: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const started = performance.now();
    const text = await send(server, 'GET', PODS);
    lists.push(performance.now() - started);
    const { items } = JSON.parse(text) as { readonly items: readonly unknown[] }; // the API's list
    if (items.length !== MANY) throw new Error(`the list has ${items.length} Pods`);
  }
  report('list.10000-pods', median(lists), 'ms', { must: 300, lower: true });
  report('loaded', residentMegabytes(pid), 'MB');
}

/** As tools/build.ts bundles the command line: what is measured is not the reading of hundreds of sources. */
async function bundle(folder: string): Promise<string> {
  const file = join(folder, 'server.mjs');
  symlinkSync(here('../../node_modules'), join(folder, 'node_modules'));
  await build({
    input: here('../load/sandbox-server.ts'),
    platform: 'node',
    logLevel: 'silent',
    resolve: { conditionNames: ['node', 'import'] },
    output: { dir: folder, format: 'esm', entryFileNames: 'server.mjs', chunkFileNames: 'chunks/[name]-[hash].mjs' },
  });
  return file;
}

async function startServer(program: string): Promise<ServerProcess> {
  const started = performance.now();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.includes('\n')) resolve(text);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const { port, caPem } = JSON.parse(line) as { readonly port: number; readonly caPem: string }; // sandbox-server.ts
  const agent = new Agent({ keepAlive: true, ca: caPem, maxSockets: CONNECTIONS });
  return { child, port, agent, startMilliseconds: performance.now() - started };
}

async function stopServer({ child, agent }: ServerProcess): Promise<void> {
  agent.destroy();
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  await gone;
}

async function drive({ port }: ServerProcess, body: string, seconds: number): Promise<{ readonly perSecond: number }> {
  const args = [
    here('../load/drive.ts'),
    String(port),
    CONFIG_MAPS,
    body,
    'closed',
    String(CONNECTIONS),
    String(seconds),
  ];
  const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', ...args]);
  const figures = JSON.parse(stdout) as { readonly perSecond: number; readonly wrong: number }; // drive.ts prints it
  if (figures.wrong > 0) throw new Error(`${figures.wrong} creates were refused`);
  return figures;
}

/** From the first create until the watcher has seen the last of them. */
async function watchChanges(server: ServerProcess): Promise<number> {
  const stream = await open(server, 'GET', `${CONFIG_MAPS}?watch=true`);
  if (stream.statusCode !== 200) throw new Error(`the watch was answered with ${stream.statusCode}`);
  let seen = 0;
  const all = new Promise<void>((resolve) => {
    let rest = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      seen += lines.filter((line) => line.includes('"name":"watched-')).length;
      if (seen >= MANY) resolve();
    });
  });
  const started = performance.now();
  await inParallel(MANY, (index) => send(server, 'POST', CONFIG_MAPS, configMap('name', `watched-${index}`)));
  await all;
  const elapsed = performance.now() - started;
  stream.destroy();
  return elapsed;
}

const SETTLE_MS = 60_000;

/** Controllers go on binding and starting Pods after the last create. */
async function whenRunning(server: ServerProcess): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  const path = `${PODS}?limit=1&fieldSelector=status.phase!=Running`;
  while (!(await send(server, 'GET', path)).includes('"items":[]') && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function inParallel(count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await act(index);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS - 1 }, work));
}

function open({ port, agent }: ServerProcess, method: string, path: string, body?: unknown): Promise<IncomingMessage> {
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const outgoing = secureRequest({ host: '127.0.0.1', port, agent, method, path, headers }, resolve);
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

async function send(server: ServerProcess, method: string, path: string, body?: unknown): Promise<string> {
  const answer = await open(server, method, path, body);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer); // no encoding is set
  const text = Buffer.concat(chunks).toString('utf8');
  if ((answer.statusCode ?? 500) >= 300)
    throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 200)}`);
  return text;
}

function configMap(naming: 'name' | 'generateName', name: string): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { [naming]: name }, data: { key: 'value' } };
}

function pod(index: number): object {
  const containers = [{ name: 'main', image: 'nginx:1.27', resources: { requests: { cpu: '10m', memory: '16Mi' } } }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${index}`, labels: { app: 'bench' } },
    spec: { containers },
  };
}
