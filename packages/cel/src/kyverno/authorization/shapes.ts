import { decodeBase64 } from '../../values/base64.ts';
import { CelError } from '../../values/cel-error.ts';
import { CelMap, type MapKey } from '../../values/cel-map.ts';
import {
  ANY,
  BOOL,
  BYTES,
  type CelType,
  DYN,
  INT,
  listType,
  mapType,
  STRING,
  TIMESTAMP,
  UINT,
  wrapperType,
} from '../../values/cel-type.ts';
import type { CelResult, CelValue } from '../../values/cel-value.ts';
import { toInt, toUint } from '../../values/numbers.ts';
import { CelTimestamp, parseTimestamp } from '../../values/time.ts';
import type { Json } from '../../values/to-json.ts';
import { withDoubles } from '../data-libraries.ts';
import { at, isJsonMap, type Shape } from './message.ts';

function scalar(type: CelType, empty: CelValue, what: string, read: (json: Json) => CelResult | undefined): Shape {
  return { type, empty, read: (json, path) => read(json) ?? new CelError(`${at(path)}must be ${what}`) };
}

export const TEXT = scalar(STRING, '', 'a string', (json) => (typeof json === 'string' ? json : undefined));
export const FLAG = scalar(BOOL, false, 'a boolean', (json) => (typeof json === 'boolean' ? json : undefined));
/** `google.protobuf.BoolValue`: null when unset. */
export const OPTIONAL_FLAG: Shape = { ...FLAG, type: wrapperType(BOOL), empty: null };
export const INTEGER = scalar(INT, 0, 'an integer', (json) => {
  const value = toBigInt(json);
  const read = value === undefined ? undefined : toInt(value);
  return read instanceof CelError ? undefined : read;
});
export const UNSIGNED = scalar(UINT, toUint(0n) as CelValue, 'an unsigned integer', (json) => {
  const value = toBigInt(json);
  const read = value === undefined ? undefined : toUint(value);
  return read instanceof CelError ? undefined : read;
});
/** Base64 of the standard alphabet or that for URLs. */
export const OCTETS = scalar(BYTES, new Uint8Array(), 'base64', (json) =>
  typeof json === 'string' ? decodeBase64(json.replaceAll('-', '+').replaceAll('_', '/')) : undefined,
);
export const TIME = scalar(TIMESTAMP, new CelTimestamp(0n), 'a time of RFC 3339', (json) =>
  typeof json === 'string' ? parseTimestamp(json) : undefined,
);
/** `google.protobuf.Struct`: numbers are doubles. */
export const STRUCT = scalar(mapType(STRING, DYN), new CelMap(new Map()), 'an object', (json) =>
  isJsonMap(json) ? withDoubles(json) : undefined,
);
/** `google.protobuf.Any`, as its JSON. */
export const ANYTHING = scalar(ANY, null, 'an object', (json) => (isJsonMap(json) ? withDoubles(json) : undefined));

/** 64-bit integers are also written as text. */
function toBigInt(json: Json): bigint | undefined {
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : undefined;
  return typeof json === 'string' && /^-?\d{1,20}$/.test(json) ? BigInt(json) : undefined;
}

/** An enumeration, which is an integer to expressions, and a name or a number in JSON. */
export function enumeration(values: Readonly<Record<string, number>>): Shape {
  const names = new Map(Object.entries(values));
  return scalar(INT, 0, `one of ${[...names.keys()].join(', ')}`, (json) => {
    if (typeof json === 'string') return names.get(json);
    return Number.isSafeInteger(json) && typeof json === 'number' ? json : undefined;
  });
}

export function listOf(element: Shape): Shape {
  return {
    type: listType(element.type),
    empty: [],
    read: (json, path, rules) => {
      if (!Array.isArray(json)) return new CelError(`${at(path)}must be a list`);
      const items: CelValue[] = [];
      for (const [index, value] of json.entries()) {
        const item = element.read(value, `${path}[${index}]`, rules);
        if (item instanceof CelError) return item;
        items.push(item);
      }
      return items;
    },
  };
}

/** A map by texts. */
export function mapOf(element: Shape): Shape {
  return {
    type: mapType(STRING, element.type),
    empty: new CelMap(new Map()),
    read: (json, path, rules) => {
      if (!isJsonMap(json)) return new CelError(`${at(path)}must be an object`);
      const entries = new Map<MapKey, CelValue>();
      for (const [key, value] of Object.entries(json)) {
        const item = element.read(value, `${path}.${key}`, rules);
        if (item instanceof CelError) return item;
        entries.set(key, item);
      }
      return new CelMap(entries);
    },
  };
}
