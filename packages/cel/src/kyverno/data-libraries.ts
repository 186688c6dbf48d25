import { declareFunction, member, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { CelError } from '../values/cel-error.ts';
import { CelMap, isMap, type MapKey, mapGet, mapKeys, toMapKey } from '../values/cel-map.ts';
import { BYTES, DOUBLE, DYN, INT, listType, mapType, opaqueType, STRING, structType } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { approximate, type CelDouble, type CelInt, doubleValue, toDouble } from '../values/numbers.ts';
import { type Json, toJson } from '../values/to-json.ts';
import { answered, hostMember, hostOverload } from './ask-host.ts';
import type { CelHost } from './cel-host.ts';
import { contextValue } from './context-value.ts';

/** Decoded data as protobuf's JSON has it: all numbers are doubles. */
export function withDoubles(value: CelValue): CelValue {
  if (typeof value === 'number') return toDouble(value);
  if (typeof value === 'bigint') return toDouble(Number(value));
  if (Array.isArray(value)) return value.map(withDoubles);
  if (!isMap(value)) return value;
  const entries = new Map<MapKey, CelValue>();
  for (const key of mapKeys(value)) entries.set(toMapKey(key) ?? String(key), withDoubles(mapGet(value, key) ?? null));
  return new CelMap(entries);
}

const DEPTH_LIMIT = 1000;

/** Whether brackets nest less deep than what recursion over the value bears. */
function isShallow(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth--;
    if (depth > DEPTH_LIMIT) return false;
  }
  return true;
}

/** The value of a JSON text, as it is. */
export function parseJson(text: string): Json | CelError {
  if (!isShallow(text)) return new CelError('json: exceeded max depth');
  try {
    // What JSON.parse gives is JSON.
    return JSON.parse(text) as Json;
  } catch (reason) {
    return new CelError(`failed to unmarshal JSON: ${reason instanceof SyntaxError ? reason.message : 'malformed'}`);
  }
}

export function unmarshal(text: string): CelResult {
  const json = parseJson(text);
  return json instanceof CelError ? json : withDoubles(json);
}

function marshal(value: CelValue): CelResult {
  const json = toJson(value);
  return json instanceof CelError ? json : JSON.stringify(sortKeys(json));
}

function sortKeys(json: Json): Json {
  if (Array.isArray(json)) return json.map(sortKeys);
  if (typeof json !== 'object' || json === null) return json;
  const entries = Object.entries(json).map(([key, value]) => [key, sortKeys(value)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `json.unmarshal` and `json.marshal`. */
export function jsonLibrary(): CelLibrary {
  const type = opaqueType('json.Context');
  return {
    name: 'kyverno.json',
    variables: [{ name: 'json', type, value: contextValue(type) }],
    functions: [
      declareFunction(
        'unmarshal',
        member('json_unmarshal', [type, STRING], DYN, (_: unknown, text: string) => unmarshal(text)),
      ),
      declareFunction(
        'marshal',
        member('json_marshal', [type, DYN], STRING, (_: unknown, value: CelValue) => marshal(value)),
      ),
    ],
  };
}

/** `yaml.parse`. */
export function yamlLibrary(): CelLibrary {
  const type = opaqueType('yaml.Context');
  const parse = (host: CelHost, _: unknown, text: string): CelResult => {
    const value = answered('failed to parse YAML', host.parseYaml?.(text));
    return value instanceof CelError ? value : withDoubles(value);
  };
  return {
    name: 'kyverno.yaml',
    variables: [{ name: 'yaml', type, value: contextValue(type) }],
    functions: [declareFunction('parse', hostMember('yaml_parse', [type, STRING], DYN, parse))],
  };
}

/** `md5`, `sha1` and `sha256`, also as `hash.…`. */
export function hashLibrary(): CelLibrary {
  const algorithms = ['md5', 'sha1', 'sha256'] as const;
  const hash = (algorithm: (typeof algorithms)[number]) => (host: CelHost, text: string) =>
    host.hash?.(algorithm, text) ?? new CelError('hashing is not available');
  return {
    name: 'kyverno.hash',
    variables: [{ name: 'mylib_version', type: STRING, value: '' }],
    functions: algorithms.flatMap((name) =>
      [name, `hash.${name}`].map((spelling) =>
        declareFunction(spelling, hostOverload(`${spelling}_string`, [STRING], STRING, hash(name))),
      ),
    ),
  };
}

/** `x509.decode`. */
export function x509Library(): CelLibrary {
  const decode = (host: CelHost, pem: string): CelResult =>
    host.decodeCertificate?.(pem) ?? new CelError('certificates are not decoded here');
  return {
    name: 'kyverno.x509',
    functions: [declareFunction('x509.decode', hostOverload('x509_decode_string', [STRING], DYN, decode))],
  };
}

/** `gzip.compress` and `gzip.decompress`. */
export function gzipLibrary(): CelLibrary {
  return {
    name: 'kyverno.gzip',
    functions: [
      declareFunction(
        'gzip.compress',
        hostOverload('gzip_compress_dyn', [DYN], BYTES, (host, text: CelValue) =>
          typeof text === 'string'
            ? answered('failed to compress', host.compress?.(text))
            : new CelError('no such overload'),
        ),
      ),
      declareFunction(
        'gzip.decompress',
        hostOverload('gzip_decompress_bytes', [BYTES], STRING, (host, bytes: Uint8Array) =>
          answered('failed to decompress', host.decompress?.(bytes)),
        ),
      ),
    ],
  };
}

function roundTo(value: number | CelDouble, digits: CelInt): CelResult {
  const number = doubleValue(value);
  const scale = 10 ** approximate(digits);
  const scaled = number * scale;
  const rounded = (scaled < 0 ? -Math.round(-scaled) : Math.round(scaled)) / scale;
  return toDouble(Number.isFinite(scaled) && Number.isFinite(scale) ? rounded : number);
}

/** `math.round(value, digits)`. */
export function kyvernoMathLibrary(): CelLibrary {
  return {
    name: 'kyverno.math',
    functions: [declareFunction('math.round', overload('math_round_double_int', [DOUBLE, INT], DOUBLE, roundTo))],
  };
}

const SERVICE_ACCOUNT = structType('user.ServiceAccount');
const ACCOUNT = /^system:serviceaccount:([^:]*):([^:]*)$/;

function parseServiceAccount(text: string): CelValue {
  const [, namespace = '', name = ''] = ACCOUNT.exec(text) ?? [];
  return { Name: name, Namespace: namespace };
}

/** `parseServiceAccount(username)`: fields `Name` and `Namespace`, empty for other users. */
export function userLibrary(): CelLibrary {
  return {
    name: 'kyverno.user',
    types: [
      {
        name: SERVICE_ACCOUNT.name,
        fieldType: (field) => (field === 'Name' || field === 'Namespace' ? STRING : undefined),
      },
    ],
    functions: ['parseServiceAccount', 'user.parseServiceAccount'].map((name) =>
      declareFunction(name, overload(`${name}_string`, [STRING], SERVICE_ACCOUNT, parseServiceAccount)),
    ),
  };
}

type List = readonly CelValue[];

function fieldOf(value: CelValue | undefined, field: string): CelValue | undefined {
  return isMap(value) ? mapGet(value, field) : undefined;
}

function listObjToMap(keys: List, values: List, keyField: string, valueField: string): CelResult {
  if (keys.length !== values.length) {
    return new CelError(`listObjToMap must take lists of equal length. list1: ${keys.length}, list2: ${values.length}`);
  }
  const entries = new Map<MapKey, CelValue>();
  for (const [index, item] of keys.entries()) {
    const key = fieldOf(item, keyField);
    const value = fieldOf(values[index], valueField);
    if (typeof key !== 'string') return new CelError(`listObjToMap: key ${keyField} must be a string`);
    if (value === undefined) return new CelError(`listObjToMap: no such key: ${valueField}`);
    entries.set(key, value);
  }
  return new CelMap(entries);
}

/** `listObjToMap(list, list, keyField, valueField)`. */
export function transformLibrary(): CelLibrary {
  const list = listType(mapType(STRING, DYN));
  return {
    name: 'kyverno.transform',
    functions: ['listObjToMap', 'transform.listObjToMap'].map((name) =>
      declareFunction(
        name,
        overload(`${name}_list_list_string_string`, [list, list, STRING, STRING], mapType(STRING, DYN), listObjToMap),
      ),
    ),
  };
}
