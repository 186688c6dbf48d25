import { readFileSync } from 'node:fs';

/** A field of a protobuf message as the suite's schema describes it. */
export interface ProtoField {
  readonly name: string;
  readonly json: string;
  readonly kind: 'single' | 'list' | 'map';
  /** A scalar's name, `enum:…` or `message:…`; of maps it is the values'. */
  readonly type?: string;
  readonly key?: string;
  readonly value?: string;
  /** Whether an unset field differs from one holding the default. */
  readonly presence?: boolean;
  readonly oneof?: string;
  readonly default?: unknown;
}

interface Schema {
  readonly messages: Readonly<Record<string, readonly ProtoField[]>>;
  readonly enums: Readonly<Record<string, { readonly values: Readonly<Record<string, number>> }>>;
  readonly extensions: Readonly<Record<string, ProtoField & { readonly extendee: string }>>;
}

// The committed file has this shape.
const schema = JSON.parse(readFileSync(new URL('./data/proto-schema.json', import.meta.url), 'utf8')) as Schema;

/** Fields by name, extensions under their full names. */
export function fieldsOf(message: string): ReadonlyMap<string, ProtoField> | undefined {
  return FIELDS.get(message);
}

const FIELDS = new Map(
  Object.entries(schema.messages).map(([name, fields]) => {
    const extensions = Object.values(schema.extensions).filter(({ extendee }) => extendee === name);
    return [name, new Map([...fields, ...extensions].map((field) => [field.name, field]))];
  }),
);

export const MESSAGE_NAMES: readonly string[] = Object.keys(schema.messages);

/** All enum constants by full name. */
export const ENUM_VALUES: ReadonlyMap<string, number> = new Map(
  Object.entries(schema.enums).flatMap(([name, { values }]) =>
    Object.entries(values).map(([constant, value]) => [`${name}.${constant}`, value] as const),
  ),
);

/** The number of an enum constant in JSON, which may be its name. */
export function enumNumber(name: string, value: unknown): number {
  return typeof value === 'number' ? value : (ENUM_VALUES.get(`${name}.${String(value)}`) ?? 0);
}
