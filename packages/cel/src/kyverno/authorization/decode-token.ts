import { CelError } from '../../values/cel-error.ts';
import type { Json } from '../../values/to-json.ts';
import { decodeUtf8, encodeUtf8 } from '../../values/utf8.ts';
import type { CelHost, JwsAlgorithm } from '../cel-host.ts';
import { parseJson } from '../data-libraries.ts';
import { decodeBase64Url, type VerificationKey } from './jwk-set.ts';
import { isJsonMap } from './message.ts';

/** Longer tokens are refused before anything of them is read. */
const MOST_CHARACTERS = 64 * 1024;

type Claims = { readonly [key: string]: Json };

/**
 * The claims of a signed token in its compact form, once one of the keys verified the signature (RFC 7515, RFC 7519).
 * The key decides which algorithms count, never the token: of those the token names one.
 */
export function decodeToken(host: CelHost, token: string, keys: readonly VerificationKey[]): Claims | CelError {
  if (token.length > MOST_CHARACTERS) return failed(`it is longer than ${MOST_CHARACTERS} characters`);
  const parts = token.split('.');
  const [header = '', payload = '', signed = ''] = parts;
  if (parts.length !== 3) return failed('it does not have three parts');
  const head = readPart(header, 'header');
  if (head instanceof CelError) return head;
  const signature = decodeBase64Url(signed);
  if (signature === undefined || signature.length === 0) return failed('it has no signature');
  const chosen = chooseKeys(head, keys);
  if (chosen instanceof CelError) return chosen;
  const verified = verify(host, { ...chosen, data: encodeUtf8(`${header}.${payload}`), signature });
  if (verified !== true) return verified;
  const claims = readPart(payload, 'payload');
  return claims instanceof CelError ? claims : checkClaims(claims);
}

interface Chosen {
  readonly algorithm: JwsAlgorithm;
  readonly keys: readonly VerificationKey[];
}

function chooseKeys(head: Claims, keys: readonly VerificationKey[]): Chosen | CelError {
  const { alg, kid, crit } = Object.assign(Object.create(null), head);
  // Extensions that must be understood: none is.
  if (crit !== undefined) return failed('its header has critical extensions');
  if (typeof alg !== 'string' || (kid !== undefined && typeof kid !== 'string'))
    return failed('its header is malformed');
  if (keys.length === 0) return failed('there is no key to verify it with');
  const named = kid === undefined || kid === '' ? keys : keys.filter(({ id }) => id === kid);
  if (named === keys && keys.length > 1) return failed('it names none of several keys');
  const fitting = named.filter(({ algorithms }) => [...algorithms].some((algorithm) => algorithm === alg));
  if (named.length === 0) return failed('no key has the id that it names');
  const [first] = fitting;
  const algorithm = first && [...first.algorithms].find((known) => known === alg);
  if (algorithm === undefined) return failed('its algorithm is none of the key');
  return { algorithm, keys: fitting };
}

function verify(
  host: CelHost,
  { algorithm, keys, data, signature }: Chosen & { readonly data: Uint8Array; readonly signature: Uint8Array },
): true | CelError {
  for (const { key } of keys) {
    const holds = host.verifyJws?.({ algorithm, key, data, signature });
    if (holds === undefined) return failed('signatures cannot be verified here');
    if (holds === true) return true;
  }
  return failed('its signature does not verify');
}

function readPart(text: string, what: string): Claims | CelError {
  const bytes = decodeBase64Url(text);
  const decoded = bytes && decodeUtf8(bytes);
  const json = decoded === undefined ? undefined : parseJson(decoded);
  return json === undefined || json instanceof CelError || !isJsonMap(json) ? failed(`its ${what} is malformed`) : json;
}

const TIMES = ['exp', 'nbf', 'iat'] as const;
const WORDS = ['iss', 'sub', 'jti'] as const;

/** Registered claims must be what they are registered as; the audience is always a list. */
function checkClaims(claims: Claims): Claims | CelError {
  const own: Record<string, Json> = Object.assign(Object.create(null), claims);
  for (const name of TIMES) {
    const value = own[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isFinite(value)) return failed(`its claim \`${name}\` is no number`);
    own[name] = Math.floor(value);
  }
  for (const name of WORDS) {
    if (own[name] !== undefined && typeof own[name] !== 'string') return failed(`its claim \`${name}\` is no text`);
  }
  const { aud } = own;
  if (aud === undefined) return own;
  const audience = Array.isArray(aud) ? aud : [aud];
  if (!audience.every((item) => typeof item === 'string')) return failed('its claim `aud` is no list of texts');
  return { ...own, aud: audience };
}

/** Whether a token may be used at a time: not expired, not before its time, not from the future (RFC 7519 §4.1). */
export function isWithinTimes(claims: Claims, seconds: number): boolean {
  const time = (name: (typeof TIMES)[number]): number | undefined => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    return typeof value === 'number' ? value : undefined;
  };
  const { exp = Number.POSITIVE_INFINITY, nbf = 0, iat = 0 } = { exp: time('exp'), nbf: time('nbf'), iat: time('iat') };
  return seconds < exp && seconds >= nbf && seconds >= iat;
}

function failed(reason: string): CelError {
  return new CelError(`failed to decode the token: ${reason}`);
}
