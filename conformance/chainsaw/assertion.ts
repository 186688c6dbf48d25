import { compileJmesPath, isJmesPathDiagnostic } from '@vouchsafe/engine';
import { EvaluationError, isEqualJson, isJsonObject, type Json } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator/host';
import type { Bindings } from './read-test.ts';

const EXPRESSION = /^\((.*)\)$/s;
/** A function that chainsaw has beside those of the engine. */
const TRIMMED = /\btrim_space\(\$([A-Za-z_][A-Za-z0-9_]*)\)/g;
const ITERATED = /^~(?:[A-Za-z0-9_]*\.)?(.*)$/s;

/**
 * What keeps `actual` from being as `expected`: a subset of objects, lists element by element, `(expression)` as key or
 * value in JMESPath over what stands there, `~` for each element. `undefined` when it is.
 */
export function mismatch(expected: Json, actual: Json | undefined, bindings: Bindings, path = ''): string | undefined {
  if (typeof expected === 'string') {
    const inner = EXPRESSION.exec(expected);
    const wanted = inner ? evaluate(inner[1] ?? '', actual ?? null, bindings) : expected;
    return isSame(wanted, actual) ? undefined : tell(path, wanted, actual);
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return tell(path, expected, actual);
    if (actual.length !== expected.length) return `${path}: ${actual.length} elements, not ${expected.length}`;
    return first(expected.map((item, index) => () => mismatch(item, actual[index], bindings, `${path}[${index}]`)));
  }
  if (!isJsonObject(expected)) return isSame(expected, actual) ? undefined : tell(path, expected, actual);
  return first(
    Object.entries(expected).map(
      ([key, value]) =>
        () =>
          member(key, value, actual, bindings, path),
    ),
  );
}

function member(key: string, expected: Json, actual: Json | undefined, bindings: Bindings, path: string) {
  const iterated = ITERATED.exec(key);
  if (iterated) {
    const found = standingFor(iterated[1] ?? '', actual, bindings);
    const items = Array.isArray(found) ? found : isJsonObject(found) ? Object.values(found) : undefined;
    if (!items) return `${path}: nothing to go through under \`${key}\``;
    return first(items.map((item, index) => () => mismatch(expected, item, bindings, `${path}.${key}[${index}]`)));
  }
  return mismatch(expected, standingFor(key, actual, bindings), bindings, `${path}.${key}`);
}

/** The value a key stands for: a member, or what an expression makes of the object. */
function standingFor(key: string, actual: Json | undefined, bindings: Bindings): Json | undefined {
  const inner = EXPRESSION.exec(key);
  if (inner) return evaluate(inner[1] ?? '', actual ?? null, bindings);
  if (key === '') return actual;
  return isJsonObject(actual) && Object.hasOwn(actual, key) ? actual[key] : undefined;
}

/** A function of chainsaw's own; whoever plays knows the answer beforehand. */
const SERVER_VERSION = 'x_k8s_server_version($config)';

/** The value of a JMESPath expression over `root`; names that begin with `$` are bindings. */
export function evaluate(text: string, root: Json, bindings: Bindings): Json {
  const bound = text
    .replaceAll(SERVER_VERSION, '$x_k8s_server_version')
    .replace(TRIMMED, (_, name: string) => literal(String(resolve(bindings[name] ?? '', bindings)).trim()))
    .replace(/\$([A-Za-z_][A-Za-z0-9_]*)/g, (_, name: string) => literal(resolve(bindings[name] ?? null, bindings)));
  const compiled = compileJmesPath(bound, NODE_HOST);
  if (isJmesPathDiagnostic(compiled)) throw new Error(`\`${text}\`: ${compiled.reason}`);
  const value = compiled.evaluate(root, Date.now());
  if (!(value instanceof EvaluationError)) return value;
  // To chainsaw's dialect a member that is not there is null.
  if (value.notFound) return null;
  throw new Error(`\`${text}\`: ${value.message}`);
}

function literal(value: Json): string {
  return `\`${JSON.stringify(value).replaceAll('`', '\\`')}\``;
}

/** A value in which texts that are expressions are replaced by what they come to. */
export function resolve(value: unknown, bindings: Bindings): Json {
  if (typeof value === 'string') {
    const inner = EXPRESSION.exec(value);
    return inner && value.includes('$') ? evaluate(inner[1] ?? '', null, bindings) : value;
  }
  if (Array.isArray(value)) return value.map((item) => resolve(item, bindings));
  if (typeof value !== 'object' || value === null) return value as Json;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, bindings)]));
}

function isSame(expected: Json, actual: Json | undefined): boolean {
  return isEqualJson(expected, actual ?? null);
}

function first(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const problem = check();
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function tell(path: string, expected: Json, actual: Json | undefined): string {
  const text = (value: Json | undefined) => (JSON.stringify(value) ?? 'nothing').slice(0, 300);
  return `${path || '.'}: ${text(actual)}, not ${text(expected)}`;
}
