import { type AuthorizationMode, CelError, type CelResult, readCheckRequest } from '@vouchsafe/cel';
import type { JsonObject } from '../../kernel/json.ts';

/** Many policies look at one request, which always has the shape of its mode. */
const READ: Readonly<Record<AuthorizationMode, WeakMap<JsonObject, CelResult>>> = {
  Envoy: new WeakMap(),
  HTTP: new WeakMap(),
};

/** The CheckRequest that a payload stands for; an error when it is none. */
export function checkRequestOf(mode: AuthorizationMode, payload: JsonObject): CelResult {
  let request = READ[mode].get(payload);
  if (request === undefined) {
    request = readCheckRequest(mode, payload);
    READ[mode].set(payload, request);
  }
  return request;
}

/** What keeps a payload from being a CheckRequest; `undefined` when nothing does. */
export function findRequestProblem(mode: AuthorizationMode, payload: JsonObject): string | undefined {
  const request = checkRequestOf(mode, payload);
  return request instanceof CelError ? request.message : undefined;
}
