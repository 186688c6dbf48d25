import { isJsonArray, isJsonObject, type Json } from '@vouchsafe/engine/kernel';

/** JSON as Go's encoder writes it: members by name, `<`, `>` and `&` escaped; lines of their own unless compact. */
export function toGoJson(value: Json, isCompact: boolean): string {
  return isCompact ? write(value, '', '', ':') : write(value, '\n', '', ': ');
}

function write(value: Json, line: string, indent: string, colon: string): string {
  const inner = line === '' ? '' : `${indent}  `;
  if (isJsonArray(value)) {
    return enclose(
      '[]',
      value.map((item) => write(item, line, inner, colon)),
      line,
      indent,
    );
  }
  if (!isJsonObject(value)) return escaped(JSON.stringify(value));
  const members = Object.keys(value)
    .sort()
    .map((key) => `${escaped(JSON.stringify(key))}${colon}${write(value[key] ?? null, line, inner, colon)}`);
  return enclose('{}', members, line, indent);
}

function enclose(brackets: string, items: readonly string[], line: string, indent: string): string {
  if (items.length === 0) return brackets;
  const inner = line === '' ? '' : `${line}${indent}  `;
  const last = line === '' ? '' : `${line}${indent}`;
  return `${brackets.charAt(0)}${inner}${items.join(`,${inner}`)}${last}${brackets.charAt(1)}`;
}

function escaped(text: string): string {
  return text.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
