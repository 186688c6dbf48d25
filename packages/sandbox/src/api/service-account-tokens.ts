import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { DEFAULT_AUDIENCE } from './pod-subresources.ts';
import type { TokenIssuer } from './token-issuer.ts';
import { serviceAccountUser } from './user-info.ts';

interface Claims {
  readonly sub: string;
  readonly exp: number;
  readonly aud: readonly string[];
  readonly uid: string;
}

/**
 * Signed tokens in the shape of JWTs (HS256 with a key of this run). Tokens of another run are refused.
 */
export function createTokenIssuer(key: Uint8Array = randomBytes(32)): TokenIssuer {
  const sign = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');

  return {
    issue(namespace, name, uid, expiration, audiences) {
      const claims = {
        iss: DEFAULT_AUDIENCE,
        sub: `system:serviceaccount:${namespace}:${name}`,
        aud: [...audiences],
        exp: Math.floor(expiration.getTime() / 1000),
        uid,
        jti: randomBytes(16).toString('hex'),
      };
      const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
      return `${text}.${sign(text)}`;
    },
    verify(token, now) {
      const [header = '', payload = '', signature = ''] = token.split('.');
      const expected = Buffer.from(sign(`${header}.${payload}`));
      const given = Buffer.from(signature);
      if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
        return undefined;
      }
      // The signature is ours, so the claims have the shape we wrote.
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
      const [, , namespace, name] = claims.sub.split(':');
      if (claims.exp * 1000 < now.getTime() || namespace === undefined || name === undefined) {
        return undefined;
      }
      return { user: serviceAccountUser(namespace, name, claims.uid), audiences: claims.aud };
    },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
