import { COLLECTION_FUNCTIONS } from './collections.ts';
import type { FunctionDefinition } from './definition.ts';
import { NUMBER_FUNCTIONS } from './numbers.ts';
import { PATTERN_FUNCTIONS } from './patterns.ts';
import { STRING_FUNCTIONS } from './strings.ts';

/** Every function of the dialect, by group. A new group is one file and one line here. */
export const FUNCTIONS: readonly FunctionDefinition[] = [
  ...STRING_FUNCTIONS,
  ...PATTERN_FUNCTIONS,
  ...COLLECTION_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
];

export const FUNCTIONS_BY_NAME: ReadonlyMap<string, FunctionDefinition> = new Map(
  FUNCTIONS.map((definition) => [definition.name, definition]),
);
