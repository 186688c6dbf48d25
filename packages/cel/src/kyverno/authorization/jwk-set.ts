import { decodeBase64 } from '../../values/base64.ts';
import { CelError } from '../../values/cel-error.ts';
import type { Json } from '../../values/to-json.ts';
import { encodeUtf8 } from '../../values/utf8.ts';
import type { JwsAlgorithm, JwsQuestion } from '../cel-host.ts';
import { parseJson } from '../data-libraries.ts';
import { isJsonMap } from './message.ts';

/** A key, and the algorithms it may be used with: those of its type, whatever a token says of itself. */
export interface VerificationKey {
  readonly id: string | undefined;
  readonly algorithms: ReadonlySet<JwsAlgorithm>;
  readonly key: JwsQuestion['key'];
}

const SYMMETRIC: ReadonlySet<JwsAlgorithm> = new Set(['HS256', 'HS384', 'HS512']);
const RSA: ReadonlySet<JwsAlgorithm> = new Set(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']);
const EDWARDS: ReadonlySet<JwsAlgorithm> = new Set(['EdDSA']);
const CURVES: ReadonlyMap<Json | undefined, ReadonlySet<JwsAlgorithm>> = new Map([
  ['P-256', new Set<JwsAlgorithm>(['ES256'])],
  ['P-384', new Set<JwsAlgorithm>(['ES384'])],
  ['P-521', new Set<JwsAlgorithm>(['ES512'])],
]);

/** A set with more keys is refused. */
const MOST_KEYS = 100;

/** A secret as a key. A public key given as text is refused: whoever knows it could sign with it as a secret. */
export function toSecretKey(text: string): VerificationKey | CelError {
  if (text === '') return new CelError('the key is empty');
  if (text.includes('-----BEGIN ')) return new CelError('the key is a PEM document, which is no secret');
  const json = text.trimStart().startsWith('{') ? parseJson(text) : null;
  if (!(json instanceof CelError) && isJsonMap(json) && ('kty' in json || 'keys' in json)) {
    return new CelError('the key is a JSON Web Key, which is no secret');
  }
  return { id: undefined, algorithms: SYMMETRIC, key: { secret: encodeUtf8(text) } };
}

/** The keys of a JWK set, or of a single JWK, that can verify signatures (RFC 7517). */
export function toKeySet(json: Json): readonly VerificationKey[] | CelError {
  if (!isJsonMap(json)) return new CelError('the key set is no object');
  const keys = Object.hasOwn(json, 'keys') ? json['keys'] : [json];
  if (!Array.isArray(keys)) return new CelError('the keys of the key set are no list');
  if (keys.length > MOST_KEYS) return new CelError(`the key set has more than ${MOST_KEYS} keys`);
  return keys.flatMap((jwk) => (isJsonMap(jwk) ? toKey(jwk) : []));
}

type Jwk = { readonly [key: string]: Json };

function toKey(jwk: Jwk): readonly VerificationKey[] {
  const { use, key_ops: operations, alg, kid } = ownMembers(jwk);
  if (use !== undefined && use !== 'sig') return [];
  if (Array.isArray(operations) && !operations.includes('verify')) return [];
  const all = algorithmsOf(jwk);
  const algorithms = alg === undefined ? all : new Set([...all].filter((algorithm) => algorithm === alg));
  const key = algorithms.size === 0 ? undefined : keyOf(jwk);
  return key ? [{ id: typeof kid === 'string' ? kid : undefined, algorithms, key }] : [];
}

function ownMembers(jwk: Jwk): { readonly [key: string]: Json | undefined } {
  return Object.assign(Object.create(null), jwk);
}

function algorithmsOf(jwk: Jwk): ReadonlySet<JwsAlgorithm> {
  const { kty, crv } = ownMembers(jwk);
  if (kty === 'oct') return SYMMETRIC;
  if (kty === 'RSA') return RSA;
  if (kty === 'EC') return CURVES.get(crv) ?? new Set();
  return kty === 'OKP' && (crv === 'Ed25519' || crv === 'Ed448') ? EDWARDS : new Set();
}

function keyOf(jwk: Jwk): JwsQuestion['key'] | undefined {
  const { kty, k } = ownMembers(jwk);
  if (kty !== 'oct') return { jwk };
  const secret = typeof k === 'string' ? decodeBase64Url(k) : undefined;
  return secret && secret.length > 0 ? { secret } : undefined;
}

/** Base64 for URLs, without padding; `undefined` when malformed. */
export function decodeBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined;
  return decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
}
