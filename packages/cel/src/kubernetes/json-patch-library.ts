import { declareFunction, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { walkCost } from '../library/costs.ts';
import { STRING } from '../values/cel-type.ts';

const escapeKey = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** `jsonpatch.escapeKey`: a member name as part of a JSON Pointer. */
export function jsonPatchLibrary(): CelLibrary {
  return {
    name: 'kubernetes.jsonpatch',
    functions: [
      declareFunction(
        'jsonpatch.escapeKey',
        overload('string_jsonpatch_escapeKey_string', [STRING], STRING, escapeKey, walkCost),
      ),
    ],
  };
}
