import { arrayMember, type JsonObject, type JsonValue, member, memberAt } from '../json/json-value.ts';
import { ageOf } from './age.ts';

/** What a table cell holds. */
export type Cell = string | number | boolean | null;

/** Prints the cells of one object, in the order of its kind's columns. */
export type CellPrinter = (reader: CellReader) => Cell[];

/** Reads an object for its table row. */
export class CellReader {
  readonly object: JsonObject;
  readonly now: Date;

  constructor(object: JsonObject, now: Date) {
    this.object = object;
    this.now = now;
  }

  get name(): string {
    return this.text('metadata.name');
  }

  /** Age of the object. */
  get age(): string {
    return this.since('metadata.creationTimestamp');
  }

  get isTerminating(): boolean {
    return this.text('metadata.deletionTimestamp') !== '';
  }

  value(path: string): JsonValue | undefined {
    return memberAt(this.object, ...path.split('.'));
  }

  text(path: string, otherwise = ''): string {
    const value = this.value(path);
    return typeof value === 'string' && value !== '' ? value : otherwise;
  }

  number(path: string): number {
    const value = this.value(path);
    return typeof value === 'number' ? value : 0;
  }

  flag(path: string, otherwise = false): boolean {
    const value = this.value(path);
    return typeof value === 'boolean' ? value : otherwise;
  }

  list(path: string): readonly JsonValue[] {
    const value = this.value(path);
    return Array.isArray(value) ? value : [];
  }

  /** Age of the time at a path. */
  since(path: string): string {
    return ageOf(this.value(path), this.now);
  }

  /** Names and images of the containers at a path, as two cells. */
  containers(path: string): [string, string] {
    const containers = this.list(path);
    const join = (field: string) => containers.map((container) => String(member(container, field) ?? '')).join(',');
    return [join('name'), join('image')];
  }

  /** Whether the status has a condition of this type that is true. */
  hasCondition(type: string): boolean {
    return arrayMember(this.value('status'), 'conditions').some(
      (condition) => member(condition, 'type') === type && member(condition, 'status') === 'True',
    );
  }
}

/** `a,b,c + 2 more...`: at most `limit` items of a list. */
export function withMore(items: readonly string[], limit: number, empty: string, separator = ','): string {
  if (items.length === 0) return empty;
  const shown = items.slice(0, limit).join(separator);
  return items.length > limit ? `${shown} + ${items.length - limit} more...` : shown;
}
