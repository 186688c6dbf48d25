import { isJsonArray, isJsonObject, type Json } from '../../kernel/json.ts';
import { parseAnchor } from '../../model/anchor.ts';
import type { Problems } from './problems.ts';

/** What a validate pattern may hold: all anchors but `+(…)`, which adds, and `^(…)` about lists that say something. */
export function checkPatternAnchors(pattern: Json | undefined, path: string, problems: Problems): void {
  visit(pattern, path, (key, value, at) => {
    const modifier = parseAnchor(key)?.modifier;
    if (modifier === '+') problems.error(at, `unsupported anchor ${key}`, 'pattern-syntax');
    if (modifier !== '^') return;
    if (!isJsonArray(value)) problems.error(at, 'existence anchor should have value of type list', 'pattern-syntax');
    else if (value.length === 0)
      problems.error(at, 'existence anchor: should have at least one value', 'pattern-syntax');
  });
}

/** What is generated is no pattern (upstream's `ValidatePattern`, without any anchor). */
export function checkNoAnchors(data: Json | undefined, path: string, problems: Problems): void {
  visit(data, path, (key, _value, at) => {
    if (!parseAnchor(key)) return;
    const message = `anchors not supported on generate resources: unsupported anchor ${key}`;
    problems.error(at, message, 'pattern-syntax');
  });
}

function visit(value: Json | undefined, path: string, look: (key: string, value: Json, path: string) => void): void {
  if (isJsonArray(value)) for (const [index, item] of value.entries()) visit(item, `${path}[${index}]`, look);
  if (!isJsonObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    look(key, item, `${path}.${key}`);
    visit(item, `${path}.${key}`, look);
  }
}
