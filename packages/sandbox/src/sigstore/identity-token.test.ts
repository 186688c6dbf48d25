import { generateKeyPair } from '@vouchsafe/kube/pki';
import { describe, expect, it } from 'vitest';
import type { IdentityClaims } from './identity-claims.ts';
import { createIdentityToken, readIdentityToken } from './identity-token.ts';

const key = generateKeyPair('ecdsa-p256');
const now = new Date('2026-01-01T00:00:00Z');
const claims: IdentityClaims = { iss: 'https://issuer.test', sub: 'me', repository: 'acme/app' };
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);

function resigned(header: object): string {
  const [, payload = '', signature = ''] = createIdentityToken(key, claims, now).split('.');
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
}

describe('identity tokens', () => {
  it('come back as they were given', () => {
    expect(readIdentityToken(key, createIdentityToken(key, claims, now), now)).toMatchObject(claims);
    const mail = { ...claims, email: 'a@b.test', email_verified: true };
    expect(readIdentityToken(key, createIdentityToken(key, mail, now), now)).toMatchObject(mail);
  });

  it.each<[string, string, Date, string]>([
    [
      'of another issuer',
      createIdentityToken(generateKeyPair('ecdsa-p256'), claims, now),
      now,
      'not signed by this issuer',
    ],
    ['expired', createIdentityToken(key, claims, now), later(3601), 'not valid now'],
    ['not valid yet', createIdentityToken(key, claims, later(60)), now, 'not valid now'],
    ['for somebody else', createIdentityToken(key, { ...claims, aud: 'other' }, now), now, 'another audience'],
    [
      'with an unverified address',
      createIdentityToken(key, { ...claims, email: 'a@b.test', email_verified: false }, now),
      now,
      'not verified',
    ],
    ['without a subject', createIdentityToken(key, { ...claims, sub: '' }, now), now, 'names no issuer or subject'],
    ['without an algorithm', resigned({ alg: 'none' }), now, 'not signed by this issuer'],
    ['cut short', 'a.b', now, 'malformed'],
  ])('are refused when %s', (_what, token, at, why) => {
    const read = readIdentityToken(key, token, at);
    expect('refused' in read && read.refused).toContain(why);
  });
});
