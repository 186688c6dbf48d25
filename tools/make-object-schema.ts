/**
 * Writes how values of Kubernetes' kinds merge, for ApplyConfiguration mutations, from facts about its API:
 *   node tools/make-object-schema.ts [types.json [merge-keys.json]]
 * Without arguments the facts are those the sandbox serves. Codes of types are explained in `built-in-schema.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface TypeFacts {
  readonly f?: Readonly<Record<string, string>>;
  readonly req?: readonly string[];
  readonly gvk?: readonly string[];
  readonly mapType?: string;
  readonly t?: string;
}

interface FieldFacts {
  /** Patch strategy and key; list type and keys; map type. */
  readonly ps?: string;
  readonly pk?: string;
  readonly lt?: string;
  readonly lk?: readonly string[];
  readonly mt?: string;
}

const FACTS = join(import.meta.dirname, '../packages/sandbox/src/schema/data/generated');
const [typesFile = join(FACTS, 'types.json'), keysFile = join(FACTS, 'merge-keys.json')] = process.argv.slice(2);
const types = new Map(Object.entries(JSON.parse(readFileSync(typesFile, 'utf8')) as Record<string, TypeFacts>));
const rules = JSON.parse(readFileSync(keysFile, 'utf8')) as Record<string, Record<string, FieldFacts>>;

/** `type.field` of every key of a list. */
const listKeys = new Set(
  Object.entries(rules).flatMap(([type, fields]) =>
    Object.entries(fields).flatMap(([field, { lk = [] }]) => {
      const element = types.get(type)?.f?.[field]?.replace(/^\[\]#/, '') ?? '';
      return lk.map((key) => `${element}.${key}`);
    }),
  ),
);

/** What admission never sees is left out: requests of meta.k8s.io, and lists. */
const isPolicyKind = (gvk: string): boolean => !gvk.endsWith('List') && !gvk.startsWith('meta.k8s.io/');

const kinds: Record<string, string> = {};
const needed: string[] = [];
for (const [name, { gvk = [], f = {} }] of types) {
  for (const kind of gvk.filter(isPolicyKind)) {
    if (f['metadata'] !== '#meta.v1.ObjectMeta') continue;
    kinds[kind.replace(/^\//, '')] = name;
    needed.push(name);
  }
}

const written: Record<string, Record<string, string>> = {};
for (let name = needed.pop(); name !== undefined; name = needed.pop()) {
  if (written[name]) continue;
  written[name] = Object.fromEntries(
    Object.entries(types.get(name)?.f ?? {}).map(([field, code]) => [field, toField(name, field, code)]),
  );
}

function toField(type: string, field: string, code: string): string {
  const rule = rules[type]?.[field] ?? {};
  const fallback = keyFallback(type, field, code);
  return toCode(code, rule) + (fallback === undefined ? '' : `=${fallback}`);
}

function toCode(code: string, rule: FieldFacts): string {
  if (code.startsWith('[]')) return `[${listKind(rule)}]${toCode(code.slice(2), {})}`;
  if (code.startsWith('{}')) return `{${rule.mt === 'atomic' ? '!' : ''}}${toCode(code.slice(2), {})}`;
  if (code.startsWith('#')) return toReference(code.slice(1), rule);
  if (code.startsWith('integer') || code.startsWith('number')) return 'n';
  if (code === 'boolean') return 'b';
  return code === 'string' || code === 'string:byte' ? 's' : 'u';
}

function listKind({ lt, lk, ps = '', pk }: FieldFacts): string {
  if (lt === 'atomic') return '!';
  if (lt === undefined && !ps.split(',').includes('merge')) return '!';
  return (lk ?? (lt === undefined && pk !== undefined ? [pk] : [])).join();
}

function toReference(name: string, { mt }: FieldFacts): string {
  const type = types.get(name);
  if (type === undefined || name === 'runtime.RawExtension') return '*';
  if (type.f === undefined) {
    if (type.t?.startsWith('string') || type.t === 'intorstring') return 'u';
    return type.t === 'object' ? '{}?' : '?';
  }
  needed.push(name);
  const isAtomic = mt === undefined ? type.mapType === 'atomic' : mt === 'atomic';
  return `${isAtomic ? '!' : '#'}${name}`;
}

/** What a key of a list is when an element leaves it out: its default, or the zero value that Go always writes. */
function keyFallback(type: string, field: string, code: string): string | undefined {
  if (!listKeys.has(`${type}.${field}`)) return undefined;
  if (field === 'protocol') return 'TCP';
  const isWritten = types.get(type)?.req?.includes(field) === true || type === 'core.v1.LocalObjectReference';
  if (!isWritten) return undefined;
  return code.startsWith('integer') ? '0' : '';
}

const sorted = Object.fromEntries(Object.entries(written).sort(([a], [b]) => (a < b ? -1 : 1)));
const lines = Object.entries(sorted).map(([name, fields]) => `    ${JSON.stringify(name)}: ${JSON.stringify(fields)}`);
const target = join(import.meta.dirname, '../packages/engine/src/lang/cel/apply/data/object-types.json');
writeFileSync(target, `{\n  "kinds": ${JSON.stringify(kinds)},\n  "types": {\n${lines.join(',\n')}\n  }\n}\n`);
