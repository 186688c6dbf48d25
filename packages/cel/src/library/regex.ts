import { declareFunction, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { type FoundMatch, type Pattern, PatternCache } from '../regex/pattern.ts';
import { CelError } from '../values/cel-error.ts';
import { OPTIONAL_NONE, optionalOf } from '../values/cel-optional.ts';
import { INT, listType, optionalType, STRING } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import { approximate, type CelInt } from '../values/numbers.ts';
import { searchCost } from './costs.ts';

const TEXT_LIMIT = 16 * 1024 * 1024;

/** A replacement in parts: text, or the number of a group. */
function parseReplacement(source: string, groups: number): readonly (string | number)[] | CelError {
  const parts: (string | number)[] = [];
  let offset = 0;
  while (offset < source.length) {
    const next = source.indexOf('\\', offset);
    if (next < 0) break;
    parts.push(source.slice(offset, next));
    const letter = source.charAt(next + 1);
    if (letter === '') return new CelError(`invalid replacement string: '${source}' \\ not allowed at end`);
    if (letter === '\\') parts.push('\\');
    else if (letter < '0' || letter > '9') {
      return new CelError(`invalid replacement string: '${source}' \\ must be followed by a digit or \\`);
    } else if (Number(letter) > groups) {
      return new CelError(`replacement string references group ${letter} but regex has only ${groups} group(s)`);
    } else parts.push(Number(letter));
    offset = next + 2;
  }
  parts.push(source.slice(offset));
  return parts;
}

function replaceIn(pattern: Pattern, text: string, replacement: string, limit: number): CelResult {
  if (limit === 0) return text;
  const parts = parseReplacement(replacement, pattern.groupCount);
  if (parts instanceof CelError) return parts;
  let result = '';
  let end = 0;
  for (const found of pattern.findAll(text, limit < 0 ? undefined : limit)) {
    result += text.slice(end, found.start);
    for (const part of parts) result += typeof part === 'string' ? part : (found.groups[part] ?? '');
    end = found.end;
    if (result.length > TEXT_LIMIT) return new CelError('resulting string is too long');
  }
  return result + text.slice(end);
}

/** What a match extracts: its only group when it has one, unless that is empty, else all of it. */
function extracted({ groups }: FoundMatch): string | undefined {
  return groups.length > 1 ? groups[1] || undefined : groups[0];
}

/** The regex extension, version 1: `regex.replace`, `regex.extract`, `regex.extractAll`. */
export function regexLibrary(): CelLibrary {
  const patterns = new PatternCache();
  const using = (source: string, use: (pattern: Pattern) => CelResult): CelResult => {
    const pattern = patterns.get(source);
    return pattern instanceof CelError ? new CelError(`given regex is invalid: ${pattern.message}`) : use(pattern);
  };
  const extracting = (source: string, use: (pattern: Pattern) => CelResult): CelResult =>
    using(source, (pattern) =>
      pattern.groupCount > 1
        ? new CelError(`regular expression has more than one capturing group: ${JSON.stringify(source)}`)
        : use(pattern),
    );
  const replace = (text: string, source: string, to: string, limit: CelInt = -1): CelResult =>
    using(source, (pattern) => replaceIn(pattern, text, to, approximate(limit)));
  const extract = (text: string, source: string): CelResult =>
    extracting(source, (pattern) => {
      const [found] = pattern.findAll(text, 1);
      return found === undefined ? OPTIONAL_NONE : optionalOf(extracted(found));
    });
  const extractAll = (text: string, source: string): CelResult =>
    extracting(source, (pattern) =>
      pattern.findAll(text).flatMap((found) => {
        const part = extracted(found);
        return part === undefined ? [] : [part];
      }),
    );
  return {
    name: 'regex',
    functions: [
      declareFunction(
        'regex.replace',
        overload('regex_replace_string_string_string', [STRING, STRING, STRING], STRING, replace, searchCost),
        overload('regex_replace_string_string_string_int', [STRING, STRING, STRING, INT], STRING, replace, searchCost),
      ),
      declareFunction(
        'regex.extract',
        overload('regex_extract_string_string', [STRING, STRING], optionalType(STRING), extract, searchCost),
      ),
      declareFunction(
        'regex.extractAll',
        overload('regex_extractAll_string_string', [STRING, STRING], listType(STRING), extractAll, searchCost),
      ),
    ],
  };
}
