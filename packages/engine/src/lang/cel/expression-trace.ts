import { CelError, type CelResult, type CelValue, toJson } from '@vouchsafe/cel';
import { isJsonArray, isJsonObject } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { TraceStep } from '../../model/decision.ts';
import type { PolicyScope } from './policy-language.ts';

/** Most parts of expressions that a trace tells, and most values of each: a loop has one a turn. */
const MOST_PARTS = 200;
const MOST_VALUES = 3;
/** Characters of a part and of a value. */
const TEXT_ROOM = 160;
const VALUE_ROOM = 100;

/**
 * Evaluates in `scope`; when an explanation was asked for, the trace then tells what each part of each expression came to,
 * in the order they were computed. Names alone and literals are left out.
 */
export function traceExpressions<Value>(
  scope: PolicyScope,
  rule: string,
  trace: RuleInput['trace'],
  evaluate: (scope: PolicyScope) => Value,
): Value {
  if (!trace) return evaluate(scope);
  const parts = new Map<string, Part>();
  const value = evaluate({ ...scope, observe: (text, seen, path) => note(parts, text, seen, path) });
  let shownPath = '';
  for (const { path, text, values, isMore } of parts.values()) {
    const detail = `${cut(text.replace(/\s+/g, ' '), TEXT_ROOM)} → ${values.join(', ')}${isMore ? ', …' : ''}`;
    const isNew = path !== shownPath;
    shownPath = path;
    trace({ rule, step: stepOf(path), outcome: 'info', detail, ...(isNew ? { path } : {}) });
  }
  return value;
}

interface Part {
  readonly path: string;
  readonly text: string;
  readonly values: string[];
  isMore: boolean;
}

function note(parts: Map<string, Part>, text: string, value: CelResult, path: string): void {
  if (/^[\w\s]*$/.test(text) || /^["'][^"']*["']$/.test(text)) return;
  const key = `${path}\n${text}`;
  const known = parts.get(key);
  const shown = showValue(value);
  if (shown === text) return;
  if (!known) {
    if (parts.size < MOST_PARTS) parts.set(key, { path, text, values: [shown], isMore: false });
  } else if (!known.values.includes(shown)) {
    if (known.values.length < MOST_VALUES) known.values.push(shown);
    else known.isMore = true;
  }
}

function stepOf(path: string): TraceStep['step'] {
  if (path.startsWith('spec.matchConditions') || path.startsWith('spec.conditions')) return 'precondition';
  return path.startsWith('spec.variables') ? 'context' : 'check';
}

function showValue(value: CelResult): string {
  if (value instanceof CelError) return `error: ${cut(value.message, VALUE_ROOM)}`;
  return cut(write(value, VALUE_ROOM), VALUE_ROOM);
}

/** Like JSON, and no longer than about `room`: objects may be large. */
function write(value: CelValue, room: number): string {
  if (typeof value === 'string') return JSON.stringify(cut(value, room));
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${writeItems(value, (item: CelValue, left) => write(item, left), room)}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    const entries: [string, CelValue][] = Object.entries(value);
    return `{${writeItems(entries, ([key, item], left) => `${key}: ${write(item, left)}`, room)}}`;
  }
  const json = toJson(value);
  if (json instanceof CelError) return '…';
  return isJsonObject(json) || isJsonArray(json) ? write(json, room) : JSON.stringify(json);
}

function writeItems<Item>(items: readonly Item[], one: (item: Item, room: number) => string, room: number): string {
  const written: string[] = [];
  let left = room;
  for (const item of items) {
    if (left <= 0) return `${written.join(', ')}, …`;
    const text = one(item, left);
    left -= text.length + 2;
    written.push(text);
  }
  return written.join(', ');
}

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, room)}…`;
}
