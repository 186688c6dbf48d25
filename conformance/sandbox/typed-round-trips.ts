/**
 * Every manifest of a built-in kind in the corpora goes through the typed round trip of the sandbox' API server. What a
 * client sent must come back, but for what Go leaves out: unknown fields, which must be named, and empty values.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  applyDefaults,
  decodeStrict,
  type GroupVersionKind,
  isBuiltinKind,
  type JsonObject,
  type JsonValue,
  parseApiVersion,
  SchemaError,
  typedRoundTrip,
} from '@vouchsafe/sandbox/schema';
import { parseAllDocuments } from 'yaml';
import { firstDifference, type Json } from './normalise.ts';
import type { Score } from './tell-score.ts';

/** Runs over all YAML files below a folder. Templates and broken documents are left out and counted. */
export function runTypedRoundTrips(corpus: string): Score {
  let [passed, unreadable, refused] = [0, 0, 0];
  const failures: { name: string; message: string }[] = [];
  for (const file of yamlFiles(corpus)) {
    const documents = readObjects(file);
    if (documents === undefined) unreadable += 1;
    for (const [index, object] of (documents ?? []).entries()) {
      const kind = { ...parseApiVersion(String(object['apiVersion'])), kind: String(object['kind']) };
      if (!isBuiltinKind(kind)) continue;
      const problem = problemOf(kind, object);
      if (problem === undefined) passed += 1;
      else if (problem === REFUSED) refused += 1;
      else failures.push({ name: `${relative(corpus, file)}#${index + 1}`, message: problem });
    }
  }
  return { passed, failures, figures: { ofAnotherType: refused, unreadableFiles: unreadable } };
}

function yamlFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function readObjects(file: string): readonly JsonObject[] | undefined {
  try {
    return parseAllDocuments(readFileSync(file, 'utf8')).flatMap((document) => {
      const value: unknown =
        document.errors.length > 0 ? undefined : JSON.parse(JSON.stringify(document.toJS() ?? null));
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? [value as JsonObject] : []; // JSON
    });
  } catch {
    return undefined;
  }
}

/** A wrong type, which the real server refuses, too. */
const REFUSED = 'refused';

function problemOf(kind: GroupVersionKind, sent: JsonObject): string | undefined {
  try {
    const { object, unknownFields } = decodeStrict(JSON.stringify(sent), kind);
    const lost = lostPath(sent, object, unknownFields, '');
    if (lost !== undefined) return `${lost} was sent and did not come back`;
    const again = firstDifference(object as Json, typedRoundTrip(kind, object) as Json);
    if (again !== undefined) return `a second round trip changes it${again}`;
    const defaulted = applyDefaults(kind, object);
    const twice = firstDifference(defaulted as Json, applyDefaults(kind, defaulted) as Json);
    if (twice !== undefined) return `defaults are not settled${twice}`;
    const typed = firstDifference(defaulted as Json, typedRoundTrip(kind, defaulted) as Json);
    return typed === undefined ? undefined : `defaults do not survive the round trip${typed}`;
  } catch (error) {
    if (error instanceof SchemaError) return REFUSED;
    throw error;
  }
}

/** The first member that is in `sent` with a value, not in `found`, and not told as unknown. */
function lostPath(
  sent: JsonValue,
  found: JsonValue | undefined,
  unknown: readonly string[],
  path: string,
): string | undefined {
  if (isEmpty(sent) || unknown.includes(path)) return undefined;
  if (found === undefined || found === null) return path;
  if (Array.isArray(sent)) {
    if (!Array.isArray(found) || found.length !== sent.length) return path;
    return firstOf(sent.map((item, at) => () => lostPath(item, found[at], unknown, `${path}[${at}]`)));
  }
  if (typeof sent !== 'object' || sent === null) return undefined; // quantities and times may be written otherwise
  if (typeof found !== 'object' || Array.isArray(found)) return path;
  return firstOf(
    Object.entries(sent).map(
      ([key, value]) =>
        () =>
          lostPath(value, Object.hasOwn(found, key) ? found[key] : undefined, unknown, path ? `${path}.${key}` : key),
    ),
  );
}

function firstOf(looks: readonly (() => string | undefined)[]): string | undefined {
  for (const look of looks) {
    const found = look();
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What Go's `omitempty` leaves out. */
function isEmpty(value: JsonValue): boolean {
  if (value === null || value === '' || value === 0 || value === false) return true;
  if (typeof value !== 'object') return false;
  return Array.isArray(value) ? value.length === 0 : Object.values(value).every(isEmpty);
}
