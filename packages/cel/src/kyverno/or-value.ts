import { declareFunction, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import type { Macro } from '../syntax/macro.ts';
import { CelOptional } from '../values/cel-optional.ts';
import { DYN } from '../values/cel-type.ts';
import type { CelValue } from '../values/cel-value.ts';

/** No expression can be written with it. */
const FUNCTION = '@orValue';

const REWRITE: Macro = {
  name: 'orValue',
  receiver: true,
  arity: 1,
  expand: (make, [fallback], target) => (target && fallback ? make.call(FUNCTION, [target, fallback]) : undefined),
};

/**
 * Kyverno's rewriting of `x.orValue(y)`: `x` may be no optional at all and is then the result; `y` is always evaluated;
 * the type is dyn, so a condition that ends so is not exactly a bool (kyverno-cel §2.4).
 */
export function lenientOrValue(): CelLibrary {
  return {
    name: 'kyverno.orValue',
    macros: [REWRITE],
    functions: [
      declareFunction(
        FUNCTION,
        overload('kyverno_or_value', [DYN, DYN], DYN, (value: CelValue, fallback: CelValue) => {
          if (!(value instanceof CelOptional)) return value;
          return value.value === undefined ? fallback : value.value;
        }),
      ),
    ],
  };
}
