import { compileJmesPath, isJmesPathDiagnostic } from '@vouchsafe/engine';
import type { Fact } from '@vouchsafe/engine/facts';
import { EvaluationError, isJsonObject, type Json, type JsonObject, member } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator/host';
import { InputProblem } from '../inputs/input-problem.ts';
import { objectsAt, textAt } from '../inputs/read-fields.ts';

/** The answers of a test to calls of services and of the Kubernetes API, by `METHOD:url` or by URL alone. */
export type CallMocks = ReadonlyMap<string, CallMock>;

export interface CallMock {
  readonly status: number;
  readonly body: JsonObject;
}

/** Reads `apiCallResponses` (kyverno-core §5.3). Throws `InputProblem` for an entry that can never answer. */
export function readCallMocks(entries: readonly JsonObject[]): CallMocks {
  const mocks = new Map<string, CallMock>();
  for (const [index, entry] of entries.entries()) {
    const key = keyOfCall(entry, `apiCallResponses[${index}]`);
    if (mocks.has(key)) {
      throw new InputProblem(
        `apiCallResponses: duplicate entry for "${key}" — each method+url combination must be unique`,
      );
    }
    mocks.set(key, answerOfCall(entry, `apiCallResponses[${index}]`));
  }
  return mocks;
}

function keyOfCall(entry: JsonObject, place: string): string {
  const url = textAt(entry, 'url').trim();
  const urlPath = textAt(entry, 'urlPath').trim();
  if (url === '' && urlPath === '') throw new InputProblem(`${place}: either url or urlPath is required`);
  if (url !== '' && urlPath !== '') throw new InputProblem(`${place}: url and urlPath are mutually exclusive`);
  if (url !== '' && !/^https?:\/\/[^/]/.test(url)) {
    throw new InputProblem(`${place}: url "${url}" must be an absolute https/http URL`);
  }
  if (urlPath !== '' && !urlPath.startsWith('/')) {
    throw new InputProblem(`${place}: urlPath "${urlPath}" must be an absolute path starting with '/'`);
  }
  const method = textAt(entry, 'method').trim().toUpperCase();
  if (!['', 'GET', 'POST'].includes(method)) throw new InputProblem(`${place}: method must be GET or POST`);
  return method === '' ? url || urlPath : `${method}:${url || urlPath}`;
}

function answerOfCall(entry: JsonObject, place: string): CallMock {
  const response = member(entry, 'response');
  const body = isJsonObject(response) ? member(response, 'body') : undefined;
  if (!isJsonObject(body)) throw new InputProblem(`${place}: response.body must be a JSON object`);
  const given = isJsonObject(response) ? member(response, 'statusCode') : undefined;
  const status = typeof given === 'number' && given !== 0 ? given : 200;
  if (status < 100 || status > 599)
    throw new InputProblem(`${place}: statusCode ${status} must be between 100 and 599`);
  return { status, body };
}

/** The answer to a call of a context entry, if there is one. */
export function answerCall(mocks: CallMocks, method: string, url: string): Fact<Json> | undefined {
  const mock = findMock(mocks, method, url);
  if (!mock) return undefined;
  const { status, body } = mock;
  if (status >= 200 && status < 300) return { ok: true, value: body };
  return failure(`HTTP ${status} from apiCall mock (v1 apiCall treats non-2xx as failure)`);
}

/** The answer to `http.Get` and `http.Post`: any status is one, and unlike a real body that of a mock is under `body`. */
export function answerHttp(mocks: CallMocks, method: string, url: string): Fact<Json> | undefined {
  const mock = findMock(mocks, method, url);
  return mock && { ok: true, value: { status: mock.status, body: { body: mock.body } } };
}

function findMock(mocks: CallMocks, method: string, url: string): CallMock | undefined {
  return mocks.get(`${method}:${url}`) ?? mocks.get(url);
}

/** Values of global context entries by name. */
export type GlobalMocks = ReadonlyMap<string, Fact<Json>>;

/** Reads `globalContextEntries` whose files have been read into `resources`. Throws `InputProblem`. */
export function readGlobalMocks(entries: readonly JsonObject[]): GlobalMocks {
  const mocks = new Map<string, Fact<Json>>();
  for (const entry of entries) {
    const name = textAt(entry, 'name').trim();
    if (name === '') throw new InputProblem('globalContextEntries: name is required');
    if (mocks.has(name)) throw new InputProblem(`globalContextEntries: duplicate name "${name}"`);
    const sources = ['data', 'resources', 'resourceFiles'].filter((field) => (member(entry, field) ?? null) !== null);
    if (sources.length !== 1) {
      throw new InputProblem(
        `globalContextEntries entry "${name}": exactly one of data, resources, or resourceFiles is required`,
      );
    }
    mocks.set(name, project(entry, member(entry, 'data') ?? member(entry, 'resources') ?? null, name));
  }
  return mocks;
}

function project(entry: JsonObject, given: Json, name: string): Fact<Json> {
  const fieldPath = textAt(entry, 'fieldPath');
  const root = fieldPath === '' ? given : search(fieldPath, given);
  if (root instanceof EvaluationError) return failure(`globalContextEntries "${name}" fieldPath: ${root.message}`);
  const projections = objectsAt(entry, 'projections');
  if (projections.length === 0) return { ok: true, value: root };
  const projected: Record<string, Json> = {};
  for (const projection of projections) {
    const value = search(textAt(projection, 'path'), root);
    const key = textAt(projection, 'name');
    if (value instanceof EvaluationError) {
      return failure(`globalContextEntries "${name}" projection "${key}": ${value.message}`);
    }
    projected[key] = value;
  }
  return { ok: true, value: projected };
}

function search(path: string, value: Json): Json | EvaluationError {
  const expression = compileJmesPath(path, NODE_HOST);
  return isJmesPathDiagnostic(expression)
    ? new EvaluationError(expression.reason)
    : expression.evaluate(value, Date.now());
}

function failure(message: string): Fact<Json> {
  return { ok: false, class: 'permanent', message };
}

/** The value of an entry, or of one of its projections. */
export function answerGlobal(mocks: GlobalMocks, name: string, projection: string | undefined): Fact<Json> {
  const fact = mocks.get(name);
  if (!fact) return { ok: false, class: 'not-found', message: `failed to fetch entry key=${name}` };
  if (projection === undefined || !fact.ok) return fact;
  const value = isJsonObject(fact.value) ? member(fact.value, projection) : undefined;
  return value === undefined
    ? failure(`global context mock: projection "${projection}" not found`)
    : { ok: true, value };
}
