import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import type { AutogenConfig } from './pod-autogen.ts';

/**
 * The spec of a policy about Pods as one about the controllers of `config` (kyverno-cel §5.3): wherever a text says
 * `object.spec` or `object.metadata`, it says where the Pod template has it. As in Kyverno all texts are rewritten, messages
 * too, and no word has to end there; only `.namespace` stays that of the controller.
 */
export function rewritePodReferences(spec: JsonObject, config: AutogenConfig): JsonObject {
  const { matchConstraints, specPath, metadataPath } = config;
  const rewritten = rewrite({ ...spec, matchConstraints }, (text) => {
    if (!text.includes('bject.')) return text;
    return shift(shift(text, 'spec', specPath), 'metadata', metadataPath);
  });
  return isJsonObject(rewritten) ? rewritten : spec;
}

function rewrite(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (isJsonArray(value)) return value.map((item) => rewrite(item, change));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [change(key), rewrite(item, change)]));
}

function shift(text: string, field: string, path: string): string {
  return ['object', 'oldObject'].reduce(
    (before, name) => replaceAll(before, `${name}.${field}`, `${name}.${path}`),
    text,
  );
}

function replaceAll(text: string, from: string, to: string): string {
  const [first = '', ...others] = text.split(from);
  return others.reduce((before, after) => `${before}${isOfController(after) ? from : to}${after}`, first);
}

/** What follows a reference keeps it at the controller. */
function isOfController(after: string): boolean {
  const field = '.namespace';
  return after.startsWith(field) && !isIdentifierPart(after.charAt(field.length));
}

function isIdentifierPart(character: string): boolean {
  return character !== '' && (character === '_' || /[0-9A-Za-z]/.test(character));
}
