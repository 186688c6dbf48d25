import {
  equalJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  memberAt,
  stringMember,
} from '../json/json-value.ts';
import { forbiddenCause, invalidCause, requiredCause, tooLongCause } from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { immutable } from './field-rules.ts';

const MAX_BYTES = 1024 * 1024;
const LOCKED = 'field is immutable when `immutable` is set';

/** Problems of a ConfigMap. */
export function validateConfigMap(map: JsonObject, old: JsonObject | undefined): StatusCause[] {
  const data = objectOf(member(map, 'data'));
  const binary = objectOf(member(map, 'binaryData'));
  const causes = old === undefined ? [] : lockCauses(map, old, ['data', 'binaryData']);
  let bytes = 0;
  for (const key of Object.keys(data)) {
    causes.push(...keyCauses(`data[${key}]`, key));
    if (Object.hasOwn(binary, key)) {
      causes.push(invalidCause(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    bytes += new TextEncoder().encode(String(data[key] ?? '')).length;
  }
  for (const key of Object.keys(binary)) {
    causes.push(...keyCauses(`binaryData[${key}]`, key));
    bytes += decodedLength(binary[key] ?? '');
  }
  if (bytes > MAX_BYTES) causes.push(tooLongCause('', MAX_BYTES));
  return causes;
}

/** Problems of a Secret, with those of its type. */
export function validateSecret(secret: JsonObject, old: JsonObject | undefined): StatusCause[] {
  const data = objectOf(member(secret, 'data'));
  const causes: StatusCause[] = [];
  if (old !== undefined) {
    causes.push(
      ...immutable('type', member(secret, 'type'), member(old, 'type')),
      ...lockCauses(secret, old, ['data']),
    );
  }
  let bytes = 0;
  for (const key of Object.keys(data)) {
    causes.push(...keyCauses(`data[${key}]`, key));
    bytes += decodedLength(data[key] ?? '');
  }
  if (bytes > MAX_BYTES) causes.push(tooLongCause('data', MAX_BYTES));
  return [...causes, ...typeCauses(secret, data)];
}

function typeCauses(secret: JsonObject, data: JsonObject): StatusCause[] {
  const needs = (...keys: string[]) =>
    keys.filter((key) => !Object.hasOwn(data, key)).map((key) => requiredCause(`data[${key}]`));
  switch (stringMember(secret, 'type')) {
    case 'kubernetes.io/service-account-token': {
      const key = 'kubernetes.io/service-account.name';
      const account = stringMember(memberAt(secret, 'metadata', 'annotations'), key);
      return account === '' ? [requiredCause(`metadata.annotations[${key}]`)] : [];
    }
    case 'kubernetes.io/dockercfg':
      return [...needs('.dockercfg'), ...jsonCauses(data, '.dockercfg')];
    case 'kubernetes.io/dockerconfigjson':
      return [...needs('.dockerconfigjson'), ...jsonCauses(data, '.dockerconfigjson')];
    case 'kubernetes.io/basic-auth': {
      const missing = needs('username', 'password');
      return missing.length === 2 ? missing : [];
    }
    case 'kubernetes.io/ssh-auth':
      return stringMember(data, 'ssh-privatekey') === '' ? [requiredCause('data[ssh-privatekey]')] : [];
    case 'kubernetes.io/tls':
      return needs('tls.crt', 'tls.key');
    default:
      return [];
  }
}

/** The content must be JSON; what is in it is never shown. */
function jsonCauses(data: JsonObject, key: string): StatusCause[] {
  const encoded = stringMember(data, key);
  if (encoded === '' && !Object.hasOwn(data, key)) return [];
  try {
    const parsed: unknown = JSON.parse(atob(encoded));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return [];
  } catch {
    // Reported below.
  }
  return [invalidCause(`data[${key}]`, '<secret contents redacted>', 'invalid character in JSON')];
}

function lockCauses(object: JsonObject, old: JsonObject, fields: readonly string[]): StatusCause[] {
  if (member(old, 'immutable') !== true) return [];
  const causes: StatusCause[] = [];
  if (member(object, 'immutable') !== true) causes.push(forbiddenCause('immutable', LOCKED));
  for (const field of fields) {
    if (!equalJson(member(object, field), member(old, field))) causes.push(forbiddenCause(field, LOCKED));
  }
  return causes;
}

function keyCauses(path: string, key: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const fail = (detail: string) => causes.push(invalidCause(path, key, detail));
  if (key.length > 253) fail('must be no more than 253 bytes');
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
    const text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    fail(`${text} (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`);
  }
  if (key === '.') fail("must not be '.'");
  else if (key === '..') fail("must not be '..'");
  else if (key.startsWith('..')) fail("must not start with '..'");
  return causes;
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function decodedLength(encoded: JsonValue): number {
  return typeof encoded === 'string' ? Math.floor((encoded.replaceAll('=', '').length * 3) / 4) : 0;
}
