import { declareFunction, member } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { searchCost } from '../library/costs.ts';
import { type Pattern, PatternCache } from '../regex/pattern.ts';
import { CelError } from '../values/cel-error.ts';
import { INT, listType, STRING } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import { approximate, type CelInt } from '../values/numbers.ts';

/** `find` and `findAll` on strings. */
export function kubernetesRegex(): CelLibrary {
  const patterns = new PatternCache();
  const using = (source: string, use: (pattern: Pattern) => CelResult): CelResult => {
    const pattern = patterns.get(source);
    return pattern instanceof CelError ? new CelError(`Illegal regex: ${pattern.message}`) : use(pattern);
  };
  const find = (text: string, source: string): CelResult =>
    using(source, (pattern) => pattern.findAll(text, 1)[0]?.groups[0] ?? '');
  const findAll = (text: string, source: string, limit: CelInt = -1): CelResult =>
    using(source, (pattern) => {
      const most = limit < 0 ? undefined : approximate(limit);
      return pattern.findAll(text, most).map(({ groups }) => groups[0] ?? '');
    });
  return {
    name: 'kubernetes.regex',
    functions: [
      declareFunction('find', member('string_find_string', [STRING, STRING], STRING, find, searchCost)),
      declareFunction(
        'findAll',
        member('string_find_all_string', [STRING, STRING], listType(STRING), findAll, searchCost),
        member('string_find_all_string_int', [STRING, STRING, INT], listType(STRING), findAll, searchCost),
      ),
    ],
  };
}
