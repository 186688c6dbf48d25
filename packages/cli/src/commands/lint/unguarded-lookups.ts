import { type Diagnostic, isJsonArray, isJsonObject, type Json, type JsonObject } from '@vouchsafe/engine/kernel';

/** A label or annotation that objects need not have, and nothing said of what holds then. */
const LOOKUP = /\{\{\s*(request\.(?:object|oldObject)\.metadata\.(?:labels|annotations)\.[^|{}()]+)\}\}/;

/**
 * Conditions that end in an error for objects without a label or annotation: the rule then refuses them (kyverno-core §1.4).
 * Goes as deep as the document, which the loader has bounded.
 */
export function unguardedLookups(rule: Json | undefined, path: string): readonly Diagnostic[] {
  if (isJsonArray(rule)) return rule.flatMap((item, index) => unguardedLookups(item, `${path}[${index}]`));
  if (!isJsonObject(rule)) return [];
  if (isCondition(rule)) return ['key', 'value'].flatMap((side) => lookup(rule[side], `${path}.${side}`));
  return Object.entries(rule).flatMap(([key, value]) => unguardedLookups(value, `${path}.${key}`));
}

function isCondition(object: JsonObject): boolean {
  return typeof object['operator'] === 'string' && Object.hasOwn(object, 'key');
}

function lookup(value: Json | undefined, path: string): readonly Diagnostic[] {
  const [, expression] = (typeof value === 'string' && LOOKUP.exec(value)) || [];
  if (expression === undefined) return [];
  return [
    {
      code: 'policy-invalid-value',
      severity: 'warning',
      path,
      message: 'an object without it ends in an error of the rule, which refuses it in Enforce',
      hint: `tell what holds then: \`{{ ${expression.trimEnd()} || '' }}\``,
    },
  ];
}
