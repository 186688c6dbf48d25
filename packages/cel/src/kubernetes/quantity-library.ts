import { declareFunction, member, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { walkCost } from '../library/costs.ts';
import { CelError } from '../values/cel-error.ts';
import { BOOL, DOUBLE, INT, opaqueType, STRING } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import { type CelInt, toDouble, toInt } from '../values/numbers.ts';
import { CelOpaque } from '../values/opaque.ts';
import {
  addQuantities,
  compareQuantities,
  createQuantity,
  formatQuantity,
  isIntegerQuantity,
  parseQuantity,
  type Quantity,
  subtractQuantities,
  toBigInt,
  toNumber,
} from './quantity.ts';

export const QUANTITY = opaqueType('kubernetes.Quantity');

type QuantityValue = CelOpaque<Quantity>;

const MALFORMED = new CelError(
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
);
const NOT_AN_INTEGER = new CelError('cannot convert value to integer');

function toValue(quantity: Quantity): QuantityValue {
  return new QuantityWithText(QUANTITY, quantity, (a, b) => compareQuantities(a, b) === 0);
}

class QuantityWithText extends CelOpaque<Quantity> {
  toJsonValue(): string {
    return formatQuantity(this.payload);
  }
}

function ofInt(value: CelInt): Quantity {
  return createQuantity(BigInt(value), 0, 'DecimalSI');
}

function asInteger({ payload }: QuantityValue): CelResult {
  if (!isIntegerQuantity(payload)) return NOT_AN_INTEGER;
  const value = toInt(toBigInt(payload));
  return value instanceof CelError ? NOT_AN_INTEGER : value;
}

const parse = (text: string): CelResult => {
  const quantity = parseQuantity(text);
  return quantity === undefined ? MALFORMED : toValue(quantity);
};
const compare = (a: QuantityValue, b: QuantityValue): number => compareQuantities(a.payload, b.payload);
const sign = ({ payload }: QuantityValue): number => Math.sign(compareQuantities(payload, ofInt(0)));

/** `quantity`, `isQuantity` and the methods of quantities. */
export function quantityLibrary(): CelLibrary {
  const two = [QUANTITY, QUANTITY];
  const withInt = [QUANTITY, INT];
  return {
    name: 'kubernetes.quantity',
    functions: [
      declareFunction('quantity', overload('string_to_quantity', [STRING], QUANTITY, parse, walkCost)),
      declareFunction(
        'isQuantity',
        overload('is_quantity_string', [STRING], BOOL, (text: string) => parseQuantity(text) !== undefined, walkCost),
      ),
      // A function in the original, though its documentation shows a method; both are taken.
      declareFunction(
        'sign',
        overload('quantity_sign', [QUANTITY], INT, sign),
        member('quantity_sign_method', [QUANTITY], INT, sign),
      ),
      declareFunction(
        'isGreaterThan',
        member('quantity_is_greater_than', two, BOOL, (a: QuantityValue, b: QuantityValue) => compare(a, b) > 0),
      ),
      declareFunction(
        'isLessThan',
        member('quantity_is_less_than', two, BOOL, (a: QuantityValue, b: QuantityValue) => compare(a, b) < 0),
      ),
      declareFunction('compareTo', member('quantity_compare_to', two, INT, compare)),
      declareFunction(
        'asApproximateFloat',
        member('quantity_get_float', [QUANTITY], DOUBLE, ({ payload }: QuantityValue) => toDouble(toNumber(payload))),
      ),
      declareFunction('asInteger', member('quantity_get_int', [QUANTITY], INT, asInteger)),
      declareFunction(
        'isInteger',
        member('quantity_is_integer', [QUANTITY], BOOL, (value: QuantityValue) => typeof asInteger(value) !== 'object'),
      ),
      declareFunction(
        'add',
        member('quantity_add', two, QUANTITY, (a: QuantityValue, b: QuantityValue) =>
          toValue(addQuantities(a.payload, b.payload)),
        ),
        member('quantity_add_int', withInt, QUANTITY, (a: QuantityValue, b: CelInt) =>
          toValue(addQuantities(a.payload, ofInt(b))),
        ),
      ),
      declareFunction(
        'sub',
        member('quantity_sub', two, QUANTITY, (a: QuantityValue, b: QuantityValue) =>
          toValue(subtractQuantities(a.payload, b.payload)),
        ),
        member('quantity_sub_int', withInt, QUANTITY, (a: QuantityValue, b: CelInt) =>
          toValue(subtractQuantities(a.payload, ofInt(b))),
        ),
      ),
    ],
  };
}
