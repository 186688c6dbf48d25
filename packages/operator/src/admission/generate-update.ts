import {
  type Diagnostic,
  isEqualJson,
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  memberAt,
} from '@vouchsafe/engine/kernel';
import { generateParts, rulesOf } from './named-targets.ts';

/** What may change without another target: what is there follows, or nothing of it is asked. */
const MUTABLE: ReadonlySet<string> = new Set([
  'synchronize',
  'data',
  'foreach',
  'orphanDownstreamOnPolicyDelete',
  'generateExisting',
]);
const WARNING =
  'no synchronization will be performed to the old target resource upon policy updates: changes in the generate rule pattern could result in stale targets';
const REFUSAL = 'changes of immutable fields of a rule spec in a generate rule is disallowed';

/**
 * What an update does to generate rules, as Kyverno 1.19 judges it (`pkg/validation/policy/generate.go`). An update after
 * which some rule makes other objects is warned of, as those made before stay as they are. Where the same objects are made,
 * what decides when must stay: a rule's name, `exclude`, `context` and preconditions, and its `match`, too, if any rule of the
 * policy synchronized; otherwise it is refused, as what is there would no longer tell which rule it follows.
 */
export function diagnoseGenerateUpdate(before: JsonObject | undefined, after: JsonObject): readonly Diagnostic[] {
  if (!before) return [];
  const old = generatingRules(before);
  const now = generatingRules(after);
  if (!old.every((rule) => now.some((other) => isEqualJson(patternOf(rule), patternOf(other))))) {
    return [{ code: 'policy-conflict', severity: 'warning', path: '', message: WARNING }];
  }
  const isSynchronizing = old.some((rule) => memberAt(rule, 'generate', 'synchronize') === true);
  const kept = (rule: JsonObject): Json => withoutEmpty(conditionsOf(rule, isSynchronizing));
  const lost = old.find((rule) => !now.some((other) => isEqualJson(kept(rule), kept(other))));
  return lost ? [{ code: 'policy-conflict', severity: 'error', path: '', message: REFUSAL }] : [];
}

/** Kyverno's warning of sources that only a request tells: what is copied cannot follow them. */
export function warnOfVariableSources(document: JsonObject): readonly Diagnostic[] {
  return generateParts({ document }).flatMap(({ part, path }) => {
    const source = ['kind', 'apiVersion', 'clone', 'cloneList'].map((key) => memberAt(part, key) ?? null);
    if (!JSON.stringify(source).includes('{{')) return [];
    const message = `variables in ${path}.clone/cloneList would lead to incorrect synchronization behavior`;
    return [{ code: 'policy-invalid-value', severity: 'warning', path: '', message }];
  });
}

function generatingRules(document: JsonObject): readonly JsonObject[] {
  return rulesOf(document).filter((rule) => isJsonObject(rule['generate']));
}

function patternOf(rule: JsonObject): JsonObject {
  const entries = Object.entries(memberAt(rule, 'generate') ?? {});
  return Object.fromEntries(entries.filter(([key]) => !MUTABLE.has(key)));
}

function conditionsOf({ generate: _, match, ...rule }: JsonObject, isSynchronizing: boolean): JsonObject {
  return isSynchronizing ? { ...rule, match: match ?? null } : rule;
}

/** What is empty and what is not there are the same policy. */
function withoutEmpty(value: Json): Json {
  if (isJsonArray(value)) return value.map(withoutEmpty);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, withoutEmpty(item)] as const);
  return Object.fromEntries(entries.filter(([, item]) => !isEmpty(item)));
}

function isEmpty(value: Json): boolean {
  if (isJsonArray(value)) return value.length === 0;
  return value === null || value === '' || (isJsonObject(value) && Object.keys(value).length === 0);
}
