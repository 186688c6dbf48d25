import type { CelLibrary } from '../declare/library.ts';
import { bindingsLibrary } from './bindings.ts';
import { encodersLibrary } from './encoders.ts';
import { listsLibrary, setsLibrary } from './lists.ts';
import { mathLibrary } from './math.ts';
import { protoLibrary } from './proto.ts';
import { regexLibrary } from './regex.ts';
import { stringsLibrary } from './strings.ts';
import { twoVariableLibrary } from './two-variables.ts';

/** All extension libraries in their newest versions. */
export function extensionLibraries(): readonly CelLibrary[] {
  return [
    stringsLibrary(4),
    mathLibrary(),
    listsLibrary(),
    setsLibrary(),
    encodersLibrary(),
    protoLibrary(),
    bindingsLibrary(),
    regexLibrary(),
    twoVariableLibrary(),
  ];
}
