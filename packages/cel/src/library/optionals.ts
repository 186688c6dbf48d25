import { declareFunction, member, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import type { Expr } from '../syntax/ast.ts';
import { type Macro, MacroIssue } from '../syntax/macro.ts';
import { CelError } from '../values/cel-error.ts';
import { isMap, mapSize } from '../values/cel-map.ts';
import { CelObject } from '../values/cel-object.ts';
import { CelOptional, OPTIONAL_NONE, optionalOf } from '../values/cel-optional.ts';
import { BOOL, listType, optionalType, typeParameter } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { CelDouble, CelUint } from '../values/numbers.ts';
import { CelDuration } from '../values/time.ts';

const V = typeParameter('V');
const OPTIONAL_V = optionalType(V);
const DEREFERENCE = new CelError('optional.none() dereference');

/** Whether a value is the zero of its type. */
export function isZeroValue(value: CelValue): boolean {
  if (typeof value !== 'object') return value === false || value === 0 || value === '';
  if (value === null) return true;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof CelDouble || value instanceof CelUint) return Number(value.value) === 0;
  if (value instanceof CelDuration) return value.nanos === 0n;
  if (isMap(value)) return mapSize(value) === 0;
  return value instanceof CelObject && 'isZero' in value && value.isZero === true;
}

function unwrapAll(list: readonly CelValue[]): CelResult {
  const values: CelValue[] = [];
  for (const item of list) {
    if (!(item instanceof CelOptional)) return new CelError('value is not an optional');
    if (item.value !== undefined) values.push(item.value);
  }
  return values;
}

/** `optMap(v, expr)` and `optFlatMap(v, expr)`: the target is evaluated once, the body only when it holds a value. */
function optionalMacro(name: string, wrap: boolean): Macro {
  return {
    name,
    receiver: true,
    arity: 2,
    expand(make, [variable, body], target) {
      if (variable?.kind !== 'ident') {
        return new MacroIssue(variable?.position ?? 0, `${name}() variable name must be a simple identifier`);
      }
      if (body === undefined || target === undefined) return undefined;
      const held = '@target';
      const value: Expr = make.call('value', [], make.ident(held));
      const inner = make.bind(variable.name, value, body);
      const some = wrap ? make.call('of', [inner], make.ident('optional')) : inner;
      const none = make.call('none', [], make.ident('optional'));
      const condition = make.call('hasValue', [], make.ident(held));
      return make.bind(held, target, make.call('_?_:_', [condition, some, none]));
    },
  };
}

const unused = (): CelResult => DEREFERENCE;

/** Optional values, version 2 (`first`, `last`, `unwrap` included). */
export function optionalLibrary(): CelLibrary {
  return {
    name: 'optional',
    macros: [optionalMacro('optMap', true), optionalMacro('optFlatMap', false)],
    functions: [
      declareFunction(
        'optional.of',
        overload('optional_of', [V], OPTIONAL_V, (value: CelValue) => new CelOptional(value)),
      ),
      declareFunction(
        'optional.ofNonZeroValue',
        overload('optional_ofNonZeroValue', [V], OPTIONAL_V, (value: CelValue) =>
          isZeroValue(value) ? OPTIONAL_NONE : new CelOptional(value),
        ),
      ),
      declareFunction(
        'optional.none',
        overload('optional_none', [], OPTIONAL_V, () => OPTIONAL_NONE),
      ),
      declareFunction('optional.unwrap', overload('optional_unwrap', [listType(OPTIONAL_V)], listType(V), unwrapAll)),
      declareFunction('unwrapOpt', member('optional_unwrapOpt', [listType(OPTIONAL_V)], listType(V), unwrapAll)),
      declareFunction(
        'hasValue',
        member('optional_hasValue', [OPTIONAL_V], BOOL, ({ value }: CelOptional) => value !== undefined),
      ),
      declareFunction(
        'value',
        member(
          'optional_value',
          [OPTIONAL_V],
          V,
          ({ value }: CelOptional) => value ?? (value === null ? null : DEREFERENCE),
        ),
      ),
      // These two are planned as operators that evaluate their argument only when needed.
      declareFunction('or', member('optional_or_optional', [OPTIONAL_V, OPTIONAL_V], OPTIONAL_V, unused)),
      declareFunction('orValue', member('optional_orValue_value', [OPTIONAL_V, V], V, unused)),
      declareFunction(
        'first',
        member('list_first', [listType(V)], OPTIONAL_V, (list: readonly CelValue[]) => optionalOf(list[0])),
      ),
      declareFunction(
        'last',
        member('list_last', [listType(V)], OPTIONAL_V, (list: readonly CelValue[]) => optionalOf(list.at(-1))),
      ),
    ],
  };
}
