import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { parseAllDocuments } from 'yaml';

/** One operation of a step, as written: `{apply: {...}}`, `{assert: {...}}`; `bindings` are those in force. */
export interface Operation {
  readonly written: JsonObject;
  readonly bindings: Bindings;
  /** Of the template or test that it stands in: paths of files are relative to the test's. */
  readonly phase: Phase;
  readonly step: number;
  readonly index: number;
}

export type Phase = 'try' | 'catch' | 'finally' | 'cleanup';
/** By name, without `$`. Values may be expressions over other bindings. */
export type Bindings = Readonly<Record<string, unknown>>;

export interface ChainsawTest {
  readonly folder: string;
  readonly namespace: string | undefined;
  /** What `$test` is to expressions. */
  readonly described: JsonObject;
  readonly operations: readonly Operation[];
}

/** Reads a `chainsaw-test.yaml` with the step templates it uses. Throws for a file that is not there. */
export function readTest(file: string): ChainsawTest {
  const folder = dirname(file);
  const document = readOne(file);
  const spec = objectOf(document['spec']);
  const shared = bindingsOf(spec['bindings']);
  const operations = listOf(spec['steps']).flatMap((step, number) => readStep(step, number, folder, shared));
  const namespace = typeof spec['namespace'] === 'string' ? spec['namespace'] : undefined;
  return { folder, namespace, described: { metadata: document['metadata'] ?? {} }, operations };
}

function readStep(step: JsonObject, number: number, folder: string, shared: Bindings): readonly Operation[] {
  const own = { ...shared, ...bindingsOf(step['bindings']) };
  const use = step['use'];
  if (use === undefined) return operationsOf(step, number, own);
  // A path that begins with a slash is joined to the folder all the same.
  const template = readOne(join(folder, String(objectOf(use)['template'])));
  const spec = objectOf(template['spec']);
  const given = bindingsOf(objectOf(objectOf(use)['with'])['bindings']);
  return operationsOf(spec, number, { ...own, ...bindingsOf(spec['bindings']), ...given });
}

const PHASES: readonly Phase[] = ['try', 'finally', 'cleanup'];

function operationsOf(step: JsonObject, number: number, bindings: Bindings): readonly Operation[] {
  return PHASES.flatMap((phase) =>
    listOf(step[phase]).map((written, index) => ({ written, bindings, phase, step: number, index })),
  );
}

function bindingsOf(list: unknown): Bindings {
  return Object.fromEntries(listOf(list).map((item) => [String(item['name']), item['value']]));
}

function readOne(file: string): JsonObject {
  return objectOf(readDocuments(file)[0]);
}

/** Every document of a YAML file; a list of objects is its objects. */
export function readDocuments(file: string): readonly JsonObject[] {
  return parseAllDocuments(readFileSync(file, 'utf8'))
    .map((document) => document.toJS({ maxAliasCount: 10_000 }) as JsonObject | null)
    .filter((document) => document !== null)
    .flatMap((document) => (isList(document) ? listOf(document['items']) : [document]));
}

/** Some lists are written without their kind. */
function isList({ kind = 'List', items }: JsonObject): boolean {
  return kind === 'List' && Array.isArray(items);
}

export function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonObject[]) : [];
}
