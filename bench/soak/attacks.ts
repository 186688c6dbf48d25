import { connect as connectPlain } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { openLine } from './ask.ts';
import { reviewWriter } from './reviews.ts';
import { judge } from './steady-load.ts';
import type { Tally } from './tally.ts';

/** One hostile client; resolves when it has done its harm. `port` is the webhook port of a replica. */
type Attack = (port: number, tally: Tally) => Promise<void>;

/** Four times what the server bears: a machine with much else to do is late, and a server that never ends it is not. */
const MAX_WAIT_MS = 160_000;
const HEAD = 'POST /validate/fail?timeout=10s HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n';

/** By name, each with how many of it are at work at once. */
const ATTACKS: readonly { readonly name: string; readonly clients: number; readonly run: Attack }[] = [
  {
    name: 'headers that never end',
    clients: 10,
    run: (port, tally) => trickle(port, tally, 'headers that never end', HEAD, 'x'),
  },
  {
    name: 'a body that never ends',
    clients: 20,
    run: (port, tally) => trickle(port, tally, 'a body that never ends', `${HEAD}content-length: 100000\r\n\r\n`, ' '),
  },
  { name: 'a body cut short', clients: 5, run: cutShort },
  { name: 'no TLS', clients: 2, run: plainText },
  {
    name: 'a body over the limit',
    clients: 3,
    run: (port, tally) => status(port, tally, 'a body over the limit', 'x'.repeat(4 * 1024 * 1024), 413),
  },
  {
    name: 'nested a million deep',
    clients: 1,
    run: (port, tally) => status(port, tally, 'nested a million deep', '['.repeat(1_000_000), 400),
  },
  { name: 'no review', clients: 2, run: (port, tally) => status(port, tally, 'no review', '{"kind":"Pod"}', 400) },
  { name: 'an object nested deep', clients: 1, run: deepObject },
  { name: 'connections left open', clients: 1, run: idle },
];

/** All of them, again and again, each against the replicas in turn. */
export function startAttacks(ports: readonly (() => number | undefined)[], tally: Tally): { stop(): Promise<void> } {
  let stopped = false;
  let turn = 0;
  const clients = ATTACKS.flatMap(({ clients: count, run }) =>
    Array.from({ length: count }, async () => {
      while (!stopped) {
        turn += 1;
        const port = ports[turn % ports.length]?.();
        if (port !== undefined) await run(port, tally);
        await pause(250);
      }
    }),
  );
  return {
    async stop() {
      stopped = true;
      await Promise.race([Promise.all(clients), pause(1_000)]);
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

function open(port: number): TLSSocket {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  socket.on('error', () => {});
  return socket;
}

/** Resolves with what was answered, when the server ends the connection or patience does. */
function ended(socket: TLSSocket): Promise<{ readonly text: string; readonly isClosed: boolean }> {
  return new Promise((resolve) => {
    let text = '';
    const overdue = setTimeout(() => resolve({ text, isClosed: false }), MAX_WAIT_MS).unref();
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1').slice(0, 1_000 - text.length);
    });
    socket.on('close', () => {
      clearTimeout(overdue);
      resolve({ text, isClosed: true });
    });
  });
}

/** One byte a second, for as long as the server bears it: it must not for long, and never say yes. */
async function trickle(port: number, tally: Tally, name: string, head: string, byte: string): Promise<void> {
  const socket = open(port);
  socket.write(head);
  const drip = setInterval(() => socket.write(byte), 1_000).unref();
  const { text, isClosed } = await ended(socket);
  clearInterval(drip);
  socket.destroy();
  if (text.includes('"allowed":true')) tally.count(name, 'wrong', text);
  else tally.count(name, isClosed ? 'right' : 'odd', isClosed ? undefined : 'it was borne for too long');
}

async function cutShort(port: number, tally: Tally): Promise<void> {
  const socket = open(port);
  socket.write(`${HEAD}content-length: 9000\r\n\r\n{"kind":"AdmissionReview"`);
  await pause(200);
  socket.destroy();
  tally.count('a body cut short', 'right');
}

async function plainText(port: number, tally: Tally): Promise<void> {
  const socket = connectPlain({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await Promise.race([new Promise((resolve) => socket.on('close', resolve)), pause(2_000)]);
  socket.destroy();
  tally.count('no TLS', 'right');
}

/** A request of one go; the answer must have this status, or the connection be closed on it. */
async function status(port: number, tally: Tally, name: string, body: string, wanted: number): Promise<void> {
  const line = openLine();
  const answer = await line.post(port, '/validate/fail?timeout=10s', body);
  line.close();
  if (answer.status === wanted) tally.count(name, 'right');
  else if (answer.status === 0) tally.count(name, 'unanswered');
  else if (answer.status === 503) tally.count(name, 'overloaded');
  else tally.count(name, 'odd', `status ${answer.status}, not ${wanted}: ${answer.body.slice(0, 200)}`);
}

/** A privileged Pod with an object as deep as the API server lets through, and deeper. */
async function deepObject(port: number, tally: Tally): Promise<void> {
  const line = openLine();
  const depth = 20_000;
  const deep = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const body = reviewWriter({ image: 'ghcr.io/kloudvin/api:v1', privileged: true })(0).replace(
    '"status":{}',
    `"status":${deep}`,
  );
  const answer = await line.post(port, '/validate/fail?timeout=10s', body);
  line.close();
  // it may be too deep for us: then there is no answer that admits
  if (answer.status === 400 || answer.status === 500) tally.count('an object nested deep', 'right');
  else judge({ name: 'an object nested deep', verdict: 'refuse' }, answer, tally);
}

async function idle(port: number, tally: Tally): Promise<void> {
  const sockets = Array.from({ length: 100 }, () => open(port));
  await pause(5_000);
  for (const socket of sockets) socket.destroy();
  tally.count('connections left open', 'right');
}
