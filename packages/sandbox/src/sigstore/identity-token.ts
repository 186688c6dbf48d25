import { type KeyObject, sign, verify } from 'node:crypto';
import type { IdentityClaims } from './identity-claims.ts';

interface OidcKey {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

const KEY_ID = 'sandbox';
const LIFETIME_SECONDS = 3600;
const AUDIENCE = 'sigstore';

/** A signed identity token (JWT, ES256) with these claims, valid for an hour from `now`. */
export function createIdentityToken(key: OidcKey, claims: IdentityClaims, now: Date): string {
  const issuedAt = Math.floor(now.getTime() / 1000);
  const payload = {
    aud: AUDIENCE,
    iat: issuedAt,
    nbf: issuedAt - 5,
    exp: issuedAt + LIFETIME_SECONDS,
    ...(claims.email === undefined ? {} : { email_verified: true }),
    ...claims,
  };
  const signed = `${encode({ alg: 'ES256', kid: KEY_ID, typ: 'JWT' })}.${encode(payload)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** The claims of a token made by this issuer and valid now, or why it is refused. */
export function readIdentityToken(key: OidcKey, token: string, now: Date): IdentityClaims | { refused: string } {
  const [header, payload, signature, ...rest] = token.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    return { refused: 'the identity token is malformed' };
  }
  const isSigned = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key: key.publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  if (decode(header)?.['alg'] !== 'ES256' || !isSigned)
    return { refused: 'the identity token is not signed by this issuer' };
  const claims = decode(payload);
  if (claims === undefined) return { refused: 'the identity token is malformed' };
  return checkClaims(claims, Math.floor(now.getTime() / 1000));
}

/** The key set an OIDC issuer publishes. */
export function publishedKeys(key: OidcKey): unknown {
  return { keys: [{ ...key.publicKey.export({ format: 'jwk' }), kid: KEY_ID, alg: 'ES256', use: 'sig' }] };
}

function checkClaims(claims: Record<string, unknown>, now: number): IdentityClaims | { refused: string } {
  const { iss, sub, aud, exp, nbf, email, email_verified: isEmailVerified } = claims;
  if (typeof iss !== 'string' || iss === '' || typeof sub !== 'string' || sub === '') {
    return { refused: 'the identity token names no issuer or subject' };
  }
  if (aud !== AUDIENCE) return { refused: 'the identity token is for another audience' };
  if (typeof exp !== 'number' || exp < now || (typeof nbf === 'number' && nbf > now)) {
    return { refused: 'the identity token is not valid now' };
  }
  if (email !== undefined && isEmailVerified !== true) return { refused: 'the email address is not verified' };
  const plain = Object.entries(claims).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value));
  return { ...Object.fromEntries(plain), iss, sub };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    // A JSON object's members are unknown until looked at.
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
