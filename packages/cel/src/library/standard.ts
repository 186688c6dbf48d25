import { declareFunction, type FunctionDeclaration, member, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { PatternCache } from '../regex/pattern.ts';
import { STANDARD_MACROS } from '../syntax/standard-macros.ts';
import { CelError } from '../values/cel-error.ts';
import { type CelMapping, mapSize } from '../values/cel-map.ts';
import { BOOL, BYTES, type CelType, INT, listType, mapType, STRING, typeParameter } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { costSize, patternCost, traversalCost } from '../values/cost-size.ts';
import { codePointLength } from '../values/utf8.ts';
import { CONVERSIONS } from './conversions.ts';
import { TIME_ACCESSORS } from './time-accessors.ts';

const A = typeParameter('A');
const B = typeParameter('B');

const SIZES: readonly (readonly [name: string, type: CelType, size: (value: never) => number])[] = [
  ['string', STRING, (text: string) => codePointLength(text)],
  ['bytes', BYTES, (bytes: Uint8Array) => bytes.length],
  ['list', listType(A), (list: readonly CelValue[]) => list.length],
  ['map', mapType(A, B), (map: CelMapping) => mapSize(map)],
];

const SIZE: FunctionDeclaration = declareFunction(
  'size',
  ...SIZES.map(([name, type, size]) => overload(`size_${name}`, [type], INT, size)),
  ...SIZES.map(([name, type, size]) => member(`${name}_size`, [type], INT, size)),
);

const firstCost = ([text = '']: readonly CelValue[]): number => traversalCost(costSize(text));
// The whole prefix or suffix is compared at most.
const containsCost = ([text = '', part = '']: readonly CelValue[]): number =>
  traversalCost(costSize(text)) * traversalCost(costSize(part));
const matchesCost = ([text = '', pattern = '']: readonly CelValue[]): number =>
  patternCost(costSize(text), costSize(pattern));

function matchesFunction(): FunctionDeclaration {
  const patterns = new PatternCache();
  const matches = (text: string, source: string): CelResult => {
    const pattern = patterns.get(source);
    return pattern instanceof CelError ? pattern : pattern.test(text);
  };
  return declareFunction(
    'matches',
    overload('matches', [STRING, STRING], BOOL, matches, matchesCost),
    member('matches_string', [STRING, STRING], BOOL, matches, matchesCost),
  );
}

/** The functions every environment has. */
export function standardLibrary(): CelLibrary {
  return {
    name: 'standard',
    macros: STANDARD_MACROS,
    functions: [
      SIZE,
      declareFunction(
        'contains',
        member(
          'contains_string',
          [STRING, STRING],
          BOOL,
          (text: string, part: string) => text.includes(part),
          containsCost,
        ),
      ),
      declareFunction(
        'startsWith',
        member(
          'starts_with_string',
          [STRING, STRING],
          BOOL,
          (text: string, part: string) => text.startsWith(part),
          firstCost,
        ),
      ),
      declareFunction(
        'endsWith',
        member(
          'ends_with_string',
          [STRING, STRING],
          BOOL,
          (text: string, part: string) => text.endsWith(part),
          firstCost,
        ),
      ),
      matchesFunction(),
      ...CONVERSIONS,
      ...TIME_ACCESSORS,
    ],
  };
}
