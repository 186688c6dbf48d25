// The load generator, a process of its own so that it can be pinned to another core than the server.
// Usage: drive.ts PORT PATH BODY_FILE MODE AMOUNT SECONDS [TEXT] — prints one JSON line. An answer is wrong that is
// no success, or lacks TEXT.
//   MODE closed: AMOUNT connections, each asks again as soon as it is answered
//   MODE open:   AMOUNT requests a second on 32 connections, latency counted from the scheduled time. The first second
//                is not counted: an API server's connections stand, and are not all made while they are measured.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

const [port = '', path = '', file = '', mode = '', amount = '', seconds = '', wanted = ''] = process.argv.slice(2);
const body = readFileSync(file);
const connections = mode === 'open' ? 32 : Number(amount);
const agent = new Agent({ keepAlive: true, maxSockets: connections, rejectUnauthorized: false });
const latencies: number[] = [];
let wrong = 0;
const warmUp = mode === 'open' ? 1000 : 0;
const begun = performance.now();
const countedFrom = begun + warmUp;
const end = countedFrom + Number(seconds) * 1000;

function ask(from: number): Promise<void> {
  return new Promise((resolve) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': body.length },
      },
      (response) => {
        let answer = '';
        response.on('data', (chunk: Buffer) => {
          answer += chunk.toString();
        });
        response.on('end', () => {
          if ((response.statusCode ?? 500) >= 300 || !answer.includes(wanted)) wrong += 1;
          if (from >= countedFrom) latencies.push(performance.now() - from);
          resolve();
        });
      },
    );
    call.on('error', () => {
      wrong += 1;
      resolve();
    });
    call.end(body);
  });
}

async function closed(): Promise<void> {
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) await ask(performance.now());
    }),
  );
}

async function open(rate: number): Promise<void> {
  const pending: Promise<void>[] = [];
  await Promise.all(Array.from({ length: connections }, () => ask(performance.now())));
  const started = performance.now();
  for (let sent = 0; performance.now() < end; ) {
    const due = started + (sent * 1000) / rate;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    else {
      pending.push(ask(due));
      sent += 1;
    }
  }
  await Promise.all(pending);
}

await (mode === 'open' ? open(Number(amount)) : closed());
const elapsed = (performance.now() - countedFrom) / 1000;
agent.destroy();
latencies.sort((a, b) => a - b);
const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
console.log(
  JSON.stringify({
    requests: latencies.length,
    perSecond: latencies.length / elapsed,
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
    wrong,
  }),
);
