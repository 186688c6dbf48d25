import type { JsonObject } from '@vouchsafe/engine/kernel';
import { type KindTable, kindOf } from '../inputs/kind-table.ts';
import { textAt, textMapAt } from '../inputs/read-fields.ts';
import { matchesLabelQuery } from './label-query.ts';

export interface ObjectQuery {
  readonly group: string;
  /** Any when absent. */
  readonly version?: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly labelSelector?: string;
}

/** The objects given to a command, asked as an API server would be. */
export interface ObjectStore {
  readonly kinds: KindTable;
  readonly all: readonly JsonObject[];
  find(query: ObjectQuery): readonly JsonObject[];
}

/** Of several objects of one name only the first is there: a resource may also be named as the source of a copy. */
export function createObjectStore(objects: readonly JsonObject[], kinds: KindTable): ObjectStore {
  const all = withoutNamesakes(objects);
  return {
    kinds,
    all,
    find: (query) => all.filter((object) => answers(object, query)),
  };
}

function withoutNamesakes(objects: readonly JsonObject[]): readonly JsonObject[] {
  const known = new Set<string>();
  return objects.filter((object) => {
    const name = textAt(object, 'metadata', 'name');
    if (name === '') return true;
    const { group, kind } = kindOf(object);
    const key = JSON.stringify([group, kind, textAt(object, 'metadata', 'namespace'), name]);
    if (known.has(key)) return false;
    known.add(key);
    return true;
  });
}

function answers(object: JsonObject, { group, version, kind, namespace, name, labelSelector }: ObjectQuery): boolean {
  const own = kindOf(object);
  return (
    own.group === group &&
    own.kind === kind &&
    (version === undefined || version === '' || own.version === version) &&
    (namespace === undefined || textAt(object, 'metadata', 'namespace') === namespace) &&
    (name === undefined || textAt(object, 'metadata', 'name') === name) &&
    matchesLabelQuery(labelSelector ?? '', textMapAt(object, 'metadata', 'labels'))
  );
}
