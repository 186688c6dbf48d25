import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorAnswer, type RegistryAnswer, sendAnswer } from './exchange.ts';
import { indexAnswer } from './referrers.ts';
import type { RegistryFaultEffect } from './registry-fault.ts';

const HTML_PAGE = Buffer.from(
  '<!doctype html><html><head><title>Sign in</title></head><body>Please sign in</body></html>\n',
);
const SPACES = Buffer.alloc(64 * 1024, ' ');

/** Sends what the effect makes of the honest answer. */
export function sendFaulted(
  request: IncomingMessage,
  response: ServerResponse,
  effect: RegistryFaultEffect,
  answer: RegistryAnswer,
): void {
  switch (effect.kind) {
    case 'hang':
      return;
    case 'reset':
      request.socket.destroy();
      return;
    case 'truncated':
      sendTruncated(request, response, answer, effect.bytes);
      return;
    case 'endless':
      sendEndless(response, answer);
      return;
    default:
      sendAnswer(request, response, bend(request, effect, answer));
  }
}

type BendingEffect = Exclude<RegistryFaultEffect, { kind: 'hang' | 'reset' | 'truncated' | 'endless' }>;

function bend(request: IncomingMessage, effect: BendingEffect, answer: RegistryAnswer): RegistryAnswer {
  switch (effect.kind) {
    case 'status':
      return effect.body === undefined
        ? errorAnswer(effect.status, 'UNAVAILABLE', 'fault', effect.headers)
        : { status: effect.status, headers: effect.headers ?? {}, body: Buffer.from(effect.body) };
    case 'html':
      return { status: effect.status ?? 200, headers: { 'content-type': 'text/html' }, body: HTML_PAGE };
    case 'rate-limited':
      return errorAnswer(429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': String(effect.retryAfterSeconds) });
    case 'redirect':
      return {
        status: effect.status ?? 307,
        headers: { location: effect.location.replace('{path}', () => request.url ?? '/') },
      };
    case 'wrong-content':
      return { ...answer, body: addOneByte(answer.body ?? Buffer.alloc(0)) };
    case 'wrong-digest-header':
      return {
        ...answer,
        headers: { ...answer.headers, 'docker-content-digest': effect.digest ?? `sha256:${'0'.repeat(64)}` },
      };
    case 'no-referrers-api':
      return errorAnswer(404, 'NOT_FOUND', 'no referrers API');
    case 'empty-referrers':
      return indexAnswer([]);
  }
}

/** A space at the end keeps JSON readable, so that only a check of the digest notices. */
function addOneByte(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.from(' ')]);
}

function sendTruncated(
  request: IncomingMessage,
  response: ServerResponse,
  answer: RegistryAnswer,
  bytes: number,
): void {
  const body = answer.body ?? Buffer.alloc(0);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(Math.max(body.length, bytes + 1)) });
  response.write(body.subarray(0, bytes), () => request.socket.destroy());
}

function sendEndless(response: ServerResponse, answer: RegistryAnswer): void {
  response.writeHead(200, { ...answer.headers });
  const pump = () => {
    if (response.destroyed) return;
    while (response.write(SPACES)) if (response.destroyed) return;
    response.once('drain', pump);
  };
  pump();
}
