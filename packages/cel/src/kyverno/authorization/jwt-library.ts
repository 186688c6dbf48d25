import { declareFunction } from '../../declare/function-declaration.ts';
import type { CelLibrary } from '../../declare/library.ts';
import { declareType } from '../../declare/type-declaration.ts';
import { CelError } from '../../values/cel-error.ts';
import { CelMap } from '../../values/cel-map.ts';
import { BOOL, opaqueType, STRING } from '../../values/cel-type.ts';
import type { CelResult } from '../../values/cel-value.ts';
import { CelOpaque } from '../../values/opaque.ts';
import { toJson } from '../../values/to-json.ts';
import { hostOverload } from '../ask-host.ts';
import type { CelHost } from '../cel-host.ts';
import { withDoubles } from '../data-libraries.ts';
import { decodeToken, isWithinTimes } from './decode-token.ts';
import { toKeySet, toSecretKey, type VerificationKey } from './jwk-set.ts';
import { CelMessage, messageShape } from './message.ts';
import { FLAG, STRUCT } from './shapes.ts';

const TOKEN = messageShape('jwt.Token', { Claims: STRUCT, Valid: FLAG });
const KEY_SET = opaqueType('jwk.Set');
const NANOS_PER_SECOND = 1_000_000_000n;

/** `jwt.Decode(token, key)` and `jwks.Fetch(url)` (kyverno-authz, libraries `jwt` and `jwk`). */
export function jwtLibrary(): CelLibrary {
  return {
    name: 'kyverno.jwt',
    types: [declareType(TOKEN.type.name, { Claims: STRUCT.type, Valid: BOOL })],
    functions: [
      declareFunction(
        'jwt.Decode',
        hostOverload('decode_string_string', [STRING, STRING], TOKEN.type, (host, token: string, text: string) => {
          const key = toSecretKey(text);
          return key instanceof CelError ? key : decode(host, token, [key]);
        }),
        hostOverload(
          'decode_string_set',
          [STRING, KEY_SET],
          TOKEN.type,
          (host, token: string, { payload }: CelOpaque<readonly VerificationKey[]>) => decode(host, token, payload),
        ),
      ),
      declareFunction('jwks.Fetch', hostOverload('fetch_string', [STRING], KEY_SET, fetchKeys)),
    ],
  };
}

function decode(host: CelHost, token: string, keys: readonly VerificationKey[]): CelResult {
  const now = host.now?.();
  if (now === undefined) return new CelError('failed to decode the token: the time is not known here');
  const claims = decodeToken(host, token, keys);
  if (claims instanceof CelError) return claims;
  const isValid = isWithinTimes(claims, Number(now / NANOS_PER_SECOND));
  return new CelMessage(TOKEN, new Map())
    .with('Claims', withDoubles(new CelMap(new Map(Object.entries(claims)))))
    .with('Valid', isValid);
}

const OK = 200;

function fetchKeys(host: CelHost, url: string): CelResult {
  const answer = host.callHttp?.({ url, headers: {} });
  if (answer === undefined) return new CelError('failed to fetch the key set: not available');
  if (answer instanceof CelError) return new CelError(`failed to fetch the key set: ${answer.message}`);
  if (answer.status !== OK) return new CelError(`failed to fetch the key set: status ${answer.status}`);
  const json = answer.body === undefined ? new CelError('the answer is no JSON') : toJson(answer.body);
  const keys = json instanceof CelError ? json : toKeySet(json);
  return keys instanceof CelError
    ? new CelError(`failed to fetch the key set: ${keys.message}`)
    : new CelOpaque(KEY_SET, keys);
}
