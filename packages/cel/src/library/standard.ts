import {
  type CallCost,
  declareFunction,
  type FunctionDeclaration,
  member,
  overload,
} from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { Pattern, PatternCache } from '../regex/pattern.ts';
import { STANDARD_MACROS } from '../syntax/standard-macros.ts';
import { CelError } from '../values/cel-error.ts';
import { type CelMapping, mapSize } from '../values/cel-map.ts';
import { BOOL, BYTES, type CelType, INT, listType, mapType, STRING, typeParameter } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { costSize, traversalCost } from '../values/cost-size.ts';
import { codePointLength } from '../values/utf8.ts';
import { CONVERSIONS } from './conversions.ts';
import { searchCost, walkCost } from './costs.ts';
import { timeAccessors } from './time-accessors.ts';

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

const containsCost: CallCost = (text, part) => traversalCost(costSize(text)) * traversalCost(costSize(part));

function matchesFunction(): FunctionDeclaration {
  const patterns = new PatternCache();
  const matches = (text: string, source: string): CelResult => {
    const pattern = patterns.get(source);
    return pattern instanceof CelError ? pattern : pattern.test(text);
  };
  const prepare = (source: CelValue): ((text: CelValue) => CelResult) | undefined => {
    const pattern = typeof source === 'string' ? patterns.get(source) : undefined;
    // Prepared for texts only, as declared.
    return pattern instanceof Pattern ? (text) => pattern.test(text as string) : undefined;
  };
  return declareFunction(
    'matches',
    { ...overload('matches', [STRING, STRING], BOOL, matches, searchCost), prepare },
    { ...member('matches_string', [STRING, STRING], BOOL, matches, searchCost), prepare },
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
          walkCost,
        ),
      ),
      declareFunction(
        'endsWith',
        member(
          'ends_with_string',
          [STRING, STRING],
          BOOL,
          (text: string, part: string) => text.endsWith(part),
          walkCost,
        ),
      ),
      matchesFunction(),
      ...CONVERSIONS,
      ...timeAccessors(),
    ],
  };
}
