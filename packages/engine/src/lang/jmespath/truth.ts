import type { Json } from '../../kernel/json.ts';

/** False in JMESPath: null, false, and empty strings, lists and objects. 0 is true. */
export function isFalsy(value: Json): boolean {
  if (value === null || value === false || value === '') return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const key in value) if (Object.hasOwn(value, key)) return false;
  return true;
}
