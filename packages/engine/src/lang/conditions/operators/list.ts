import { equals, notEquals } from './equality.ts';
import { isIn, isNotIn } from './legacy-membership.ts';
import { allIn, allNotIn, anyIn, anyNotIn } from './membership.ts';
import type { Operator } from './operator.ts';
import { durationOrdering, type Order, ordering } from './ordering.ts';

const ORDERS: readonly (readonly [string, Order])[] = [
  ['GreaterThan', (order) => order > 0],
  ['GreaterThanOrEquals', (order) => order >= 0],
  ['LessThan', (order) => order < 0],
  ['LessThanOrEquals', (order) => order <= 0],
];

const BY_ANY_CASE = new Map<string, Operator>(
  Object.entries({
    Equal: equals,
    Equals: equals,
    NotEqual: notEquals,
    NotEquals: notEquals,
    In: isIn,
    NotIn: isNotIn,
    AnyIn: anyIn,
    AllIn: allIn,
    AnyNotIn: anyNotIn,
    AllNotIn: allNotIn,
  }).map(([name, operator]) => [name.toLowerCase(), operator]),
);

const BY_EXACT_CASE = new Map<string, Operator>(
  ORDERS.flatMap(([name, order]): [string, Operator][] => [
    [name, ordering(order)],
    [`Duration${name}`, durationOrdering(order)],
  ]),
);

const NEVER: Operator = () => () => false;
const ORDER_NAMES = new Set([...BY_EXACT_CASE.keys()].map((name) => name.toLowerCase()));

/**
 * The operator of that name. Case does not matter, except that the ordering operators are found in any case but hold
 * only when spelled exactly: upstream's quirk (kyverno-core §2.8).
 */
export function findOperator(name: string): Operator | undefined {
  const lower = name.toLowerCase();
  return BY_ANY_CASE.get(lower) ?? BY_EXACT_CASE.get(name) ?? (ORDER_NAMES.has(lower) ? NEVER : undefined);
}
