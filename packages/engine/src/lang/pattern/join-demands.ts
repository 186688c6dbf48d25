import { isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import type { Demand, DemandKey, JointWalk } from '../../model/demand.ts';
import type { ScalarTest } from './scalar-pattern.ts';

/** All demands in one walk: what many of them look at is read once. */
export function joinDemands(demands: readonly Demand[]): JointWalk {
  const root = createPlace();
  for (const [id, demand] of demands.entries()) add(root, demand, id);
  const failed = new Uint8Array(demands.length);
  settle(root, failed);
  return (resource) => {
    failed.fill(0);
    walk(root, resource, failed);
    return failed;
  };
}

interface PlacedTest {
  readonly id: number;
  readonly test: ScalarTest;
  readonly inList: boolean;
}

/** What all demands want of the value at one place. */
interface Place {
  readonly tests: PlacedTest[];
  /** Those that want an object here, and what of its members. */
  readonly wantObject: number[];
  readonly members: Member[];
  /** Those that want a list here, and what of each element. */
  readonly wantList: number[];
  element: Place | undefined;
}

interface Member {
  readonly name: string;
  /** No inherited name can answer, so that it is read plainly. */
  readonly isPlain: boolean;
  readonly forbidden: number[];
  readonly filled: number[];
  /** Of the value when there is one. */
  readonly present: Place;
  /** Of the absent value. */
  readonly absent: Place;
  /** Those that an absent value does not meet: told once, since there is but one. */
  unmetAbsent: readonly number[];
}

function createPlace(): Place {
  return { tests: [], wantObject: [], members: [], wantList: [], element: undefined };
}

function add(place: Place, demand: Demand, id: number): void {
  switch (demand.kind) {
    case 'value':
      place.tests.push({ id, test: demand.test, inList: demand.inList });
      break;
    case 'each':
      place.wantList.push(id);
      place.element ??= createPlace();
      add(place.element, demand.element, id);
      break;
    case 'map':
      place.wantObject.push(id);
      for (const key of demand.keys) addKey(memberOf(place, key.name), key, id);
  }
}

function memberOf(place: Place, name: string): Member {
  const known = place.members.find((candidate) => candidate.name === name);
  if (known) return known;
  const isPlain = !(name in Object.prototype);
  const created: Member = {
    name,
    isPlain,
    forbidden: [],
    filled: [],
    present: createPlace(),
    absent: createPlace(),
    unmetAbsent: [],
  };
  place.members.push(created);
  return created;
}

function addKey(at: Member, key: DemandKey, id: number): void {
  switch (key.kind) {
    case 'forbidden':
      at.forbidden.push(id);
      break;
    case 'filled':
      at.filled.push(id);
      break;
    case 'required':
      add(at.absent, key.demand, id);
      add(at.present, key.demand, id);
      break;
    case 'optional':
      add(at.present, key.demand, id);
  }
}

/** Finds out beforehand what an absent member fails. */
function settle({ members, element }: Place, failed: Uint8Array): void {
  for (const at of members) {
    failed.fill(0);
    walk(at.absent, undefined, failed);
    fail(at.filled, failed);
    at.unmetAbsent = [...failed.keys()].filter((id) => failed[id] === 1);
    settle(at.present, failed);
  }
  if (element) settle(element, failed);
}

function walk(place: Place, value: Json | undefined, failed: Uint8Array): void {
  const { tests, wantObject, wantList } = place;
  for (let index = 0; index < tests.length; index += 1) {
    const placed = tests[index];
    if (placed !== undefined && !holds(placed, value)) failed[placed.id] = 1;
  }
  if (wantObject.length > 0) {
    if (isJsonObject(value)) walkMembers(place.members, value, failed);
    else fail(wantObject, failed);
  }
  if (wantList.length > 0) {
    if (!Array.isArray(value)) fail(wantList, failed);
    else if (place.element)
      for (let index = 0; index < value.length; index += 1) walk(place.element, value[index], failed);
  }
}

function walkMembers(members: readonly Member[], object: JsonObject, failed: Uint8Array): void {
  for (let index = 0; index < members.length; index += 1) {
    const at = members[index];
    if (at === undefined) continue;
    const value = at.isPlain ? object[at.name] : member(object, at.name);
    if (value === undefined) {
      if (at.unmetAbsent.length > 0) fail(at.unmetAbsent, failed);
    } else {
      walk(at.present, value, failed);
      if (at.forbidden.length > 0) fail(at.forbidden, failed);
      if (value === null) fail(at.filled, failed);
    }
  }
}

function holds({ test, inList }: PlacedTest, value: Json | undefined): boolean {
  if (typeof value === 'object' && Array.isArray(value)) return value.every((item: Json) => test(item));
  return !inList && test(value);
}

function fail(ids: readonly number[], failed: Uint8Array): void {
  for (const id of ids) failed[id] = 1;
}
