import type { TypeDeclaration } from '../../declare/type-declaration.ts';
import { type MessageShape, messageShape } from './message.ts';
import { INTEGER, listOf, mapOf, OCTETS, TEXT } from './shapes.ts';

const ATTRIBUTES = messageShape('http.CheckRequestAttributes', {
  method: TEXT,
  header: mapOf(listOf(TEXT)),
  host: TEXT,
  protocol: TEXT,
  contentLength: INTEGER,
  body: OCTETS,
  scheme: TEXT,
  path: TEXT,
  query: mapOf(listOf(TEXT)),
  fragment: TEXT,
});
const OK = messageShape('http.CheckResponseOk', {});
const DENIED = messageShape('http.CheckResponseDenied', { reason: TEXT });

/** The requests of Kyverno's HTTP authorization server, and its answers. */
export const HTTP = {
  request: messageShape('http.CheckRequest', { attributes: ATTRIBUTES }),
  attributes: ATTRIBUTES,
  response: messageShape('http.CheckResponse', { ok: OK, denied: DENIED }, ['ok', 'denied']),
  ok: OK,
  denied: DENIED,
} as const satisfies Readonly<Record<string, MessageShape>>;

export const HTTP_TYPES: readonly TypeDeclaration[] = Object.values(HTTP).map(({ declaration }) => declaration);
