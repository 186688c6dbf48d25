import { isJsonArray, type Json } from '../../../kernel/json.ts';
import { matchWildcard } from '../../../kernel/wildcard.ts';
import { jsonTexts, sprint } from './operand.ts';
import type { Operator } from './operator.ts';

/** The deprecated `In`: a list of texts must be contained exactly; one text matches with wildcards, both ways. */
export const isIn: Operator = (value) => (key) => {
  if (isJsonArray(key)) return containsAll(key.map(sprint), value) === true;
  return isScalar(key) && holdsText(sprint(key), value) === true;
};

/** The deprecated `NotIn`: some text of a list is missing, or one text is not in. */
export const isNotIn: Operator = (value) => (key) => {
  if (isJsonArray(key)) {
    const texts = key.map(sprint);
    // Upstream answers true for a list of one text that equals the value.
    if (texts.length === 1 && texts[0] === value) return true;
    return containsAll(texts, value) === false;
  }
  return isScalar(key) && holdsText(sprint(key), value) === false;
};

function isScalar(key: Json): boolean {
  return key !== null && typeof key !== 'object';
}

/** `undefined` when the value is no list of texts. */
function containsAll(keys: readonly string[], value: Json): boolean | undefined {
  if (keys.length === 1 && keys[0] === value) return true;
  const texts = textsOf(value);
  if (!texts) return undefined;
  const known = new Set(texts);
  return keys.every((key) => known.has(key));
}

function textsOf(value: Json): readonly string[] | undefined {
  if (isJsonArray(value)) {
    return value.every((item): item is string => typeof item === 'string') ? value : undefined;
  }
  const texts = typeof value === 'string' ? jsonTexts(value) : undefined;
  return texts === 'not-json' ? undefined : texts;
}

function holdsText(key: string, value: Json): boolean | undefined {
  if (isJsonArray(value)) {
    return value.map(sprint).some((text) => matchWildcard(text, key) || matchWildcard(key, text));
  }
  if (typeof value !== 'string') return undefined;
  if (matchWildcard(value, key)) return true;
  const texts = jsonTexts(value);
  return texts === 'not-json' || texts === undefined ? undefined : texts.includes(key);
}
