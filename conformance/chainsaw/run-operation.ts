import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { mismatch, resolve } from './assertion.ts';
import { type Bindings, listOf, type Operation, objectOf, readDocuments } from './read-test.ts';
import { runCommand, runScript, type ScriptRecord } from './run-script.ts';
import type { ScenarioClient } from './scenario-client.ts';

export interface Surroundings {
  readonly folder: string;
  readonly namespace: string;
  /** What `$test` is to expressions. */
  readonly test: JsonObject;
  readonly client: ScenarioClient;
  /** What `/version` answers. */
  readonly serverVersion: JsonObject;
  readonly script: (operation: Operation) => ScriptRecord | undefined;
  readonly programs: Readonly<Record<string, string>>;
  readonly kubeconfig: string;
  /** Milliseconds an assertion may take to come true, and an absence to stay. */
  readonly patience: number;
  /** How much of a written sleep is slept. */
  readonly sleepScale: number;
}

/** How often what may still come true is tried again. The first try of a change comes as late. */
const POLL_MS = 50;

/** Why an operation does not hold; `undefined` when it does. */
export async function runOperation(operation: Operation, around: Surroundings): Promise<string | undefined> {
  const [name = '', parameters] = Object.entries(operation.written).find(([key]) => KINDS.has(key)) ?? [];
  const given = objectOf(parameters);
  const bindings = {
    namespace: around.namespace,
    test: around.test,
    x_k8s_server_version: around.serverVersion,
    ...operation.bindings,
  };
  const changes = CHANGES[name];
  if (changes) {
    for (const object of objectsOf(given, bindings, around)) {
      await pause(POLL_MS);
      const problem = await eventually(around.patience, () =>
        change(object, given, bindings, () => changes(around.client, object)),
      );
      if (problem !== undefined) return `${name} ${label(object)}: ${problem}`;
      if (name !== 'delete') await inForce(object, around.client);
    }
    return undefined;
  }
  switch (name) {
    case 'assert':
      return eventually(around.patience, async () => assertAll(expectedOf(given, bindings, around), bindings, around));
    case 'error':
      return eventually(around.patience, async () => absentAll(expectedOf(given, bindings, around), bindings, around));
    case 'sleep':
      await pause(slept(milliseconds(String(given['duration'])), around.sleepScale));
      return undefined;
    case 'command':
    case 'script':
      return around.script(operation) || name === 'script'
        ? runScript(operation, bindings, around)
        : runCommand(given, bindings, around);
    default:
      return `no runner for ${Object.keys(operation.written).join(', ')}`;
  }
}

/** Who wrote the scenarios took some time between a policy and what it judges; here that is as long as it needs, at most. */
const IN_FORCE_MS = 1_000;

async function inForce(object: JsonObject, client: ScenarioClient): Promise<void> {
  const kind = String(object['kind']);
  if (!String(object['apiVersion']).includes('kyverno.io/') || !/(Cluster|Validating|Mutating|^)Policy$/.test(kind))
    return;
  await eventually(IN_FORCE_MS, async () => {
    const [found] = await client.find(object);
    if (!found) return undefined; // it was refused, as it was to be
    const { conditions, conditionStatus } = objectOf(found['status']);
    const { ready } = objectOf(conditionStatus);
    const isReady = listOf(conditions).some(({ type, status }) => type === 'Ready' && status === 'True');
    return isReady || ready === true ? undefined : 'not ready';
  });
}

type Change = (client: ScenarioClient, object: JsonObject) => Promise<string | undefined>;

const CHANGES: Readonly<Record<string, Change>> = {
  apply: (client, object) => client.apply(object),
  create: (client, object) => client.create(object),
  update: (client, object) => client.update(object),
  patch: (client, object) => client.patch(object),
  delete: (client, object) => client.delete(object),
};
const KINDS: ReadonlySet<string> = new Set([...Object.keys(CHANGES), 'assert', 'error', 'sleep', 'script', 'command']);

function objectsOf(given: JsonObject, bindings: Bindings, around: Surroundings): readonly JsonObject[] {
  return writtenIn(given, bindings, around).map((object) => objectOf(resolve(object, bindings)));
}

/** What is expected is looked up by what its expressions come to; the others are about what is found. */
function expectedOf(given: JsonObject, bindings: Bindings, around: Surroundings): readonly JsonObject[] {
  return writtenIn(given, bindings, around).map(({ apiVersion, kind, metadata, ...rest }) => {
    const place = Object.entries(objectOf(metadata)).map(([key, value]) => [
      key,
      PLACE.has(key) ? resolve(value, bindings) : value,
    ]);
    return {
      ...rest,
      apiVersion: resolve(apiVersion, bindings),
      kind: resolve(kind, bindings),
      ...(metadata === undefined ? {} : { metadata: Object.fromEntries(place) }),
    } as JsonObject; // parts of one
  });
}

const PLACE: ReadonlySet<string> = new Set(['name', 'namespace', 'labels']);

function writtenIn(given: JsonObject, bindings: Bindings, { folder }: Surroundings): readonly JsonObject[] {
  const { file, resource, ref } = given;
  const objects =
    file !== undefined
      ? globSync(join(folder, String(resolve(file, bindings)))).flatMap(readDocuments)
      : resource !== undefined
        ? [objectOf(resource)]
        : ref === undefined
          ? []
          : [fromReference(objectOf(ref))];
  if (objects.length === 0) throw new Error(`nothing is named by ${JSON.stringify(given).slice(0, 200)}`);
  return objects;
}

function fromReference({ apiVersion, kind, name, namespace, labels }: JsonObject): JsonObject {
  return {
    apiVersion: apiVersion ?? '',
    kind: kind ?? '',
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
    },
  };
}

/** Its `expect` entries say what the error must be; without any there must be none. */
async function change(
  object: JsonObject,
  given: JsonObject,
  bindings: Bindings,
  work: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const expectations = listOf(given['expect']).filter(
    ({ match }) => match === undefined || mismatch(match, object, bindings) === undefined,
  );
  const error = await work();
  if (expectations.length === 0) return error;
  const known = { ...bindings, error: error ?? null };
  for (const { check } of expectations) {
    const problem = mismatch(check ?? {}, object, known);
    if (problem !== undefined) return `${problem} (error: ${error ?? 'none'})`;
  }
  return undefined;
}

async function assertAll(wanted: readonly JsonObject[], bindings: Bindings, { client }: Surroundings) {
  for (const object of wanted) {
    const found = await client.find(object);
    const problems = found.map((candidate) => mismatch(object as Json, candidate as Json, bindings));
    if (found.length === 0) return `assert ${label(object)}: there is none`;
    if (!problems.includes(undefined)) return `assert ${label(object)}: ${furthest(problems)}`;
  }
  return undefined;
}

/** Of several candidates those that came closest tell most. */
function furthest(problems: readonly (string | undefined)[]): string {
  const depth = (problem: string | undefined) => problem?.indexOf(':') ?? 0;
  return [...new Set(problems.toSorted((a, b) => depth(b) - depth(a)))].slice(0, 3).join('; or ');
}

async function absentAll(unwanted: readonly JsonObject[], bindings: Bindings, { client }: Surroundings) {
  for (const object of unwanted) {
    const found = await client.find(object).catch(() => []);
    if (found.some((candidate) => mismatch(object as Json, candidate as Json, bindings) === undefined)) {
      return `error ${label(object)}: there is one`;
    }
  }
  return undefined;
}

/** Tries again until nothing is wrong, for so many milliseconds; what was wrong the last time. */
export async function eventually(
  patience: number,
  check: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const until = performance.now() + patience;
  for (;;) {
    const problem = await check().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (problem === undefined || performance.now() > until) return problem;
    await pause(POLL_MS);
  }
}

/** Who sleeps long waits for what goes by the clock: a schedule, a time to live. */
const LONG_SLEEP_MS = 30_000;

function slept(written: number, scale: number): number {
  return written >= LONG_SLEEP_MS ? written : written * scale;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function milliseconds(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|s|m)/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? 's'] ?? 1000), 0);
}

function label(object: JsonObject): string {
  const { name, namespace } = objectOf(object['metadata']);
  return `${String(object['kind'])} ${namespace === undefined ? '' : `${String(namespace)}/`}${name === undefined ? '*' : String(name)}`;
}
