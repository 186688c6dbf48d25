/**
 * JSON text in which the order of members does not matter: equal values give equal texts. `known` keeps the texts of lists
 * within, for values that nobody changes.
 */
export function stableText(value: unknown, known?: WeakMap<object, string>): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  // of lists alone: what is long is in lists, and the rest is quicker written than looked up
  if (!known || !Array.isArray(value)) return textOf(value, known);
  let text = known.get(value);
  if (text === undefined) {
    text = textOf(value, known);
    known.set(value, text);
  }
  return text;
}

function textOf(value: object, known: WeakMap<object, string> | undefined): string {
  if (Array.isArray(value)) return `[${value.map((item) => stableText(item, known)).join(',')}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${stableText(item, known)}`).join(',')}}`;
}
