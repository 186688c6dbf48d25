import { CelError } from '../values/cel-error.ts';
import { isMap } from '../values/cel-map.ts';
import { CelObject } from '../values/cel-object.ts';
import type { CelType } from '../values/cel-type.ts';
import { CelType as TypeValue } from '../values/cel-type.ts';
import type { CelValue } from '../values/cel-value.ts';
import { CelUint, isDouble, isInt } from '../values/numbers.ts';
import { CelDuration, CelTimestamp } from '../values/time.ts';

/** Whether a value may be passed where a type is declared. */
export type Guard = (value: CelValue) => boolean;

const always: Guard = (value) => !(value instanceof CelError);

/** The test a parameter of a type puts its arguments to; lists and maps are not looked into. */
export function guardOf(type: CelType): Guard {
  const guard = BY_KIND.get(type.kind);
  if (guard === undefined) return always;
  if (type.kind === 'opaque' || type.kind === 'struct') return nominal(type.name, type.kind === 'struct');
  return type.wrapper ? (value) => value === null || guard(value) : guard;
}

const BY_KIND = new Map<string, Guard>([
  ['bool', (value) => typeof value === 'boolean'],
  ['bytes', (value) => value instanceof Uint8Array],
  ['double', isDouble],
  ['duration', (value) => value instanceof CelDuration],
  ['int', isInt],
  ['list', (value) => Array.isArray(value)],
  ['map', isMap],
  ['null', (value) => value === null],
  ['opaque', always],
  ['string', (value) => typeof value === 'string'],
  ['struct', always],
  ['timestamp', (value) => value instanceof CelTimestamp],
  ['type', (value) => value instanceof TypeValue],
  ['uint', (value) => value instanceof CelUint],
]);

// Records declared by the host may be plain JSON, so a struct also takes maps.
function nominal(name: string, plain: boolean): Guard {
  return (value) => (value instanceof CelObject ? value.celType.name === name : plain && isMap(value));
}
