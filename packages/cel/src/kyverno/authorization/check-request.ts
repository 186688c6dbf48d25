import { CelError } from '../../values/cel-error.ts';
import type { CelType } from '../../values/cel-type.ts';
import type { CelValue } from '../../values/cel-value.ts';
import { isInt } from '../../values/numbers.ts';
import type { Json } from '../../values/to-json.ts';
import { ENVOY } from './envoy-messages.ts';
import { HTTP } from './http-messages.ts';
import { CelMessage, type ReadRules } from './message.ts';

/** The modes of policies that an authorization server asks. */
export type AuthorizationMode = 'Envoy' | 'HTTP';

/** The type of `object`, and that of an answer. */
export const AUTHORIZATION_TYPES: Readonly<
  Record<AuthorizationMode, { readonly request: CelType; readonly response: CelType }>
> = {
  Envoy: { request: ENVOY.request.type, response: ENVOY.response.type },
  HTTP: { request: HTTP.request.type, response: HTTP.response.type },
};

/** protobuf's JSON: fields go by their own name or in camel case, and others are refused. */
const PROTOBUF: ReadRules = {
  isNamed: (member, field) => member === field || member === toCamelCase(field),
  ignoresUnknown: false,
};

/** JSON as Go's `encoding/json` reads it: names in any case, and others are ignored. */
const GO: ReadRules = {
  isNamed: (member, field) => member === field || member.toLowerCase() === field.toLowerCase(),
  ignoresUnknown: true,
};

function toCamelCase(field: string): string {
  return field.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The request that a payload's JSON stands for, or what is wrong with it. */
export function readCheckRequest(mode: AuthorizationMode, json: Json): CelMessage | CelError {
  const [shape, rules] = mode === 'Envoy' ? [ENVOY.request, PROTOBUF] : [HTTP.request, GO];
  const read = shape.read(json, '', rules);
  // A shape of messages reads messages.
  return read instanceof CelError || read instanceof CelMessage ? read : new CelError('no message');
}

/** What an answer comes to. */
export type AuthorizationVerdict =
  | { readonly isAllowed: true }
  | { readonly isAllowed: false; readonly statusCode: string }
  | { readonly isAllowed: false; readonly reason: string };

/** The status a denial without one has for Envoy. */
const FORBIDDEN = '403';

/** Reads an answer; what neither allows nor denies is an error, and what does both denies. */
export function readVerdict(response: CelValue): AuthorizationVerdict | CelError {
  if (!(response instanceof CelMessage)) return new CelError('the answer is no response');
  return response.shape === HTTP.response ? httpVerdict(response) : envoyVerdict(response);
}

function httpVerdict(response: CelMessage): AuthorizationVerdict | CelError {
  const denied = response.get('denied');
  if (response.has('denied') && denied instanceof CelMessage) {
    return { isAllowed: false, reason: String(denied.get('reason')) };
  }
  return response.has('ok') ? { isAllowed: true } : UNDECIDED;
}

/** Envoy goes by the status, whatever stands beside it. */
function envoyVerdict(response: CelMessage): AuthorizationVerdict | CelError {
  const denied = response.get('denied_response');
  if (response.has('denied_response') && denied instanceof CelMessage) {
    const status = denied.has('status') ? denied.get('status') : undefined;
    const code = status instanceof CelMessage ? status.get('code') : undefined;
    return { isAllowed: false, statusCode: isInt(code) ? String(code) : FORBIDDEN };
  }
  const status = response.get('status');
  const isOk = status instanceof CelMessage && status.get('code') === 0;
  if (!isOk) return { isAllowed: false, statusCode: FORBIDDEN };
  return response.has('ok_response') ? { isAllowed: true } : UNDECIDED;
}

const UNDECIDED = new CelError('the response neither allows nor denies');
