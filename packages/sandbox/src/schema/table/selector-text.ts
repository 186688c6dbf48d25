import { arrayMember, isJsonObject, type JsonValue, member, stringMember } from '../json/json-value.ts';

/** Labels as `a=b,c=d`, sorted; `<none>` when there are none. */
export function formatLabels(labels: JsonValue | undefined): string {
  const text = pairs(labels).join(',');
  return text === '' ? '<none>' : text;
}

/** A label selector as `a=b,c in (d,e),!f`; `<none>` when it selects everything. */
export function formatSelector(selector: JsonValue | undefined): string {
  const requirements = [
    ...pairs(member(selector, 'matchLabels')).map((text) => ({ key: text.slice(0, text.indexOf('=')), text })),
    ...arrayMember(selector, 'matchExpressions').map(requirement),
  ];
  requirements.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
  const text = requirements.map((item) => item.text).join(',');
  return text === '' ? '<none>' : text;
}

function pairs(labels: JsonValue | undefined): string[] {
  if (!isJsonObject(labels)) return [];
  return Object.keys(labels)
    .sort()
    .map((key) => `${key}=${String(labels[key] ?? '')}`);
}

function requirement(expression: JsonValue): { key: string; text: string } {
  const key = stringMember(expression, 'key');
  const values = arrayMember(expression, 'values').map(String).sort().join(',');
  switch (stringMember(expression, 'operator')) {
    case 'In':
      return { key, text: `${key} in (${values})` };
    case 'NotIn':
      return { key, text: `${key} notin (${values})` };
    case 'DoesNotExist':
      return { key, text: `!${key}` };
    default:
      return { key, text: key };
  }
}
