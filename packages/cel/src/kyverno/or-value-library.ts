import { declareFunction, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { CelOptional } from '../values/cel-optional.ts';
import { DYN } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';

const NAME = '@orValue';

const orValue = (value: CelValue, other: CelValue): CelResult => {
  if (!(value instanceof CelOptional)) return value;
  return value.value === undefined ? other : value.value;
};

/**
 * Kyverno's rewriting of `x.orValue(y)` to a function: it takes any `x`, is always `dyn`, and evaluates both sides.
 */
export function orValueLibrary(): CelLibrary {
  return {
    name: 'kyverno.orValue',
    macros: [
      {
        name: 'orValue',
        receiver: true,
        arity: 1,
        expand: (make, [other], target) =>
          target === undefined || other === undefined ? undefined : make.call(NAME, [target, other]),
      },
    ],
    functions: [declareFunction(NAME, overload('or_value_dyn_dyn', [DYN, DYN], DYN, orValue))],
  };
}
