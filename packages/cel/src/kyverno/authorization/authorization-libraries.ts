import { declareFunction, member } from '../../declare/function-declaration.ts';
import type { CelLibrary } from '../../declare/library.ts';
import { CelError } from '../../values/cel-error.ts';
import { DYN, opaqueType } from '../../values/cel-type.ts';
import type { CelValue } from '../../values/cel-value.ts';
import { contextValue } from '../context-value.ts';
import { unmarshal } from '../data-libraries.ts';
import type { AuthorizationMode } from './check-request.ts';
import { envoyLibrary } from './envoy-library.ts';
import { httpAuthorizationLibrary } from './http-library.ts';
import { jwtLibrary } from './jwt-library.ts';
import { mcpLibrary } from './mcp-library.ts';

/** What policies for authorization servers have that others do not. */
export function authorizationLibraries(mode: AuthorizationMode): readonly CelLibrary[] {
  const answers = mode === 'Envoy' ? envoyLibrary() : httpAuthorizationLibrary();
  return [answers, jwtLibrary(), mcpLibrary(), unmarshalLibrary()];
}

/** `json.Unmarshal`, which here is all there is of `json`. */
function unmarshalLibrary(): CelLibrary {
  const type = opaqueType('json.Context');
  return {
    name: 'kyverno.authz.json',
    variables: [{ name: 'json', type, value: contextValue(type) }],
    functions: [
      declareFunction(
        'Unmarshal',
        member('unmarshal_string_dyn', [type, DYN], DYN, (_: unknown, text: CelValue) =>
          typeof text === 'string' ? unmarshal(text) : new CelError('failed to unmarshal JSON: it is no text'),
        ),
      ),
    ],
  };
}
