import { type CallCost, declareFunction, member, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { CelOptional, OPTIONAL_NONE } from '../values/cel-optional.ts';
import { listType, opaqueType, optionalType, STRING } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import { costSize, patternCost } from '../values/cost-size.ts';
import { CelOpaque } from '../values/opaque.ts';
import { NAMED_FORMATS, type NamedFormat } from './formats.ts';

const FORMAT = opaqueType('kubernetes.NamedFormat');

type FormatValue = CelOpaque<NamedFormat>;

function toValue(format: NamedFormat): FormatValue {
  return new CelOpaque(FORMAT, format, (a, b) => a.name === b.name);
}

const named = (name: string): CelResult => {
  const format = NAMED_FORMATS.get(name);
  return format === undefined ? OPTIONAL_NONE : new CelOptional(toValue(format));
};

/** An empty optional when the text is valid, else what is wrong with it. */
const validate = ({ payload }: FormatValue, text: string): CelResult => {
  const problems = payload.problems(text);
  return problems.length === 0 ? OPTIONAL_NONE : new CelOptional(problems);
};

const validateCost: CallCost = (format, text) =>
  patternCost(costSize(text), format instanceof CelOpaque ? (format as FormatValue).payload.patternSize : 0);

/** `format.named(name)`, `format.<name>()` and `validate`. */
export function formatLibrary(): CelLibrary {
  return {
    name: 'kubernetes.format',
    functions: [
      declareFunction('format.named', overload('format-named', [STRING], optionalType(FORMAT), named)),
      declareFunction(
        'validate',
        member('format-validate', [FORMAT, STRING], optionalType(listType(STRING)), validate, validateCost),
      ),
      ...[...NAMED_FORMATS].map(([key, format]) => {
        const value = toValue(format);
        return declareFunction(
          `format.${key}`,
          overload(`format.${key}`, [], FORMAT, () => value),
        );
      }),
    ],
  };
}
