import goTypes from '../data/generated/go-types.json' with { type: 'json' };
import protoTypes from '../data/generated/proto.json' with { type: 'json' };
import type { GroupVersionKind } from '../model/group-version-kind.ts';
import { KIND_TYPES } from './kind-types.ts';

/**
 * What a Go field holds: `s` string, `b` bool, `i` integer, `d` double, `y` bytes, `Q` quantity, `I` int-or-string,
 * `T` time, `U` micro time, `D` duration, `R` raw object, `F` managed fields, `J` any JSON, `E` list of strings, `#` message.
 */
export type FieldKind = 's' | 'b' | 'i' | 'd' | 'y' | 'Q' | 'I' | 'T' | 'U' | 'D' | 'R' | 'F' | 'J' | 'E' | '#';

/** One field of a Go struct, as it is encoded in JSON and in protobuf. */
export interface FieldShape {
  readonly number: number;
  readonly name: string;
  readonly kind: FieldKind;
  /** Type name of a message field, such as `core.v1.Container`. */
  readonly message: string;
  readonly container: 'one' | 'list' | 'map';
  readonly pointer: boolean;
  readonly omitEmpty: boolean;
  readonly omitZero: boolean;
  /** An embedded struct: its fields stand in the parent's JSON object. */
  readonly inline: boolean;
  /** Go's name of the element type, for error texts. */
  readonly goType: string;
  /** Names of the embedded structs the field comes through; Go's error texts show them in the path. */
  readonly through: readonly string[];
}

/** A Go struct type. */
export interface TypeShape {
  readonly name: string;
  /** Go's name without the package: `Container`. */
  readonly structName: string;
  /** JSON fields, with those of embedded structs. */
  readonly fields: ReadonlyMap<string, FieldShape>;
  /** Protobuf fields by number; embedded structs are fields of their own here. */
  readonly wire: ReadonlyMap<number, FieldShape>;
}

// The tables are data checked by their own test; their literal types would only slow the compiler down.
const PROTO = protoTypes as unknown as Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
const GO_TYPES = goTypes as unknown as Readonly<Record<string, Readonly<Record<string, string>>>>;

const shapes = new Map<string, TypeShape>();

/** The struct type of that name; `undefined` when the table does not hold it. Built on first use. */
export function typeShape(name: string): TypeShape | undefined {
  const known = shapes.get(name);
  if (known !== undefined) return known;
  if (!Object.hasOwn(PROTO, name)) return undefined;
  const shape = buildShape(name);
  shapes.set(name, shape);
  return shape;
}

/** The struct type of a kind; kinds of `meta/v1` (`DeleteOptions`, `Status`) exist in every group. */
export function kindShape(gvk: GroupVersionKind): TypeShape | undefined {
  const name = typeNameOf(gvk);
  return name === undefined ? undefined : typeShape(name);
}

/** Name of the type of a kind, such as `apps.v1.Deployment`. */
export function typeNameOf(gvk: GroupVersionKind): string | undefined {
  const direct = KIND_TYPES.get(`${gvk.group}/${gvk.version}/${gvk.kind}`);
  if (direct !== undefined) return direct;
  const meta = `meta.v1.${gvk.kind}`;
  return META_KINDS.has(gvk.kind) && Object.hasOwn(PROTO, meta) ? meta : undefined;
}

const META_KINDS = new Set([
  'DeleteOptions',
  'CreateOptions',
  'UpdateOptions',
  'PatchOptions',
  'GetOptions',
  'ListOptions',
  'Status',
  'PartialObjectMetadata',
]);

function buildShape(name: string): TypeShape {
  const wire = new Map<number, FieldShape>();
  const fields = new Map<string, FieldShape>();
  for (const [number, row] of Object.entries(PROTO[name] ?? {})) {
    const field = readField(name, Number(number), row);
    wire.set(field.number, field);
    if (field.inline) {
      const embedded = typeShape(field.message);
      for (const [key, inner] of embedded?.fields ?? []) {
        fields.set(key, { ...inner, through: [embedded?.structName ?? '', ...inner.through] });
      }
    } else if (field.name !== '') {
      fields.set(field.name, field);
    }
  }
  return { name, structName: name.slice(name.lastIndexOf('.') + 1), fields, wire };
}

function readField(typeName: string, number: number, row: readonly string[]): FieldShape {
  const [name = '', code = 's', flags = ''] = row;
  const isMap = code.startsWith('m');
  const element = isMap ? code.slice(1) : code;
  const message = element.startsWith('#') ? element.slice(1) : '';
  return {
    number,
    name,
    kind: element.charAt(0) as FieldKind, // the table holds these letters only, see its test
    message,
    container: isMap ? 'map' : flags.includes('r') ? 'list' : 'one',
    pointer: flags.includes('p'),
    omitEmpty: flags.includes('o'),
    omitZero: flags.includes('z'),
    inline: flags.includes('n'),
    goType: goTypeOf(typeName, name, element, message),
    through: [],
  };
}

const PLAIN_GO_TYPES: Readonly<Record<string, string>> = {
  s: 'string',
  b: 'bool',
  i: 'int32',
  d: 'float64',
  y: '[]uint8',
  E: 'v1.ExtraValue',
};

function goTypeOf(typeName: string, field: string, element: string, message: string): string {
  if (message !== '') {
    const parts = message.split('.');
    return parts.slice(-2).join('.');
  }
  const named = Object.hasOwn(GO_TYPES, typeName) ? GO_TYPES[typeName]?.[field] : undefined;
  return named ?? PLAIN_GO_TYPES[element] ?? 'string';
}
