import { declareFunction, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { decodeBase64, encodeBase64 } from '../values/base64.ts';
import { CelError } from '../values/cel-error.ts';
import { BYTES, STRING } from '../values/cel-type.ts';
import { walkCost } from './costs.ts';

const MALFORMED = new CelError('illegal base64 data');

/** The encoders extension: `base64.encode` and `base64.decode`, padded or not. */
export function encodersLibrary(): CelLibrary {
  return {
    name: 'encoders',
    functions: [
      declareFunction('base64.encode', overload('base64_encode_bytes', [BYTES], STRING, encodeBase64, walkCost)),
      declareFunction(
        'base64.decode',
        overload('base64_decode_string', [STRING], BYTES, (text: string) => decodeBase64(text) ?? MALFORMED, walkCost),
      ),
    ],
  };
}
