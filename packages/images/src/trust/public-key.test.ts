import { constants, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { acceptableKey, type HashName, isSignedBy } from './public-key.ts';
import { attempt } from './refusal.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
const data = Buffer.from('what is signed');
const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: short, RSA_PSS_SALTLEN_MAX_SIGN: long } = constants;

const pkcs1 = (hash: HashName) => sign(hash, data, rsa.privateKey);
const pss = (hash: HashName, saltLength: number) => sign(hash, data, { key: rsa.privateKey, padding, saltLength });
const ecdsa = (hash: HashName) => sign(hash, data, p384.privateKey);

describe('a signature', () => {
  it.each<[string, KeyObject, Buffer, HashName | undefined, boolean]>([
    ['PKCS #1 with SHA-256', rsa.publicKey, pkcs1('sha256'), undefined, true],
    ['PSS with a salt of the hash, as clouds', rsa.publicKey, pss('sha256', short), undefined, true],
    ['PSS with the longest salt, as Go', rsa.publicKey, pss('sha256', long), undefined, true],
    ['of another hash than anybody said', rsa.publicKey, pkcs1('sha512'), undefined, false],
    ['of the hash that is wanted', rsa.publicKey, pkcs1('sha512'), 'sha512', true],
    ['PSS of the hash that is wanted', rsa.publicKey, pss('sha512', short), 'sha512', true],
    ['of another hash than the wanted one', rsa.publicKey, pss('sha256', short), 'sha512', false],
    ['by P-384 with SHA-256, as cosign 2', p384.publicKey, ecdsa('sha256'), undefined, true],
    ['by P-384 with SHA-384, as cosign 3', p384.publicKey, ecdsa('sha384'), undefined, true],
    ['by P-384 with SHA-512', p384.publicKey, ecdsa('sha512'), undefined, false],
    ['of another key', p384.publicKey, pkcs1('sha256'), undefined, false],
    ['none', rsa.publicKey, Buffer.alloc(0), undefined, false],
    ['zeros', rsa.publicKey, Buffer.alloc(256), undefined, false],
  ])('%s', (_name, key, signature, hash, wanted) => {
    expect(isSignedBy(key, data, signature, hash)).toBe(wanted);
    expect(isSignedBy(key, Buffer.from('something else'), signature, hash)).toBe(false);
  });
});

it.each([
  ['too short', 1024, 3, false],
  ['too long', 16_384, 3, false],
  ['the longest', 8192, 3, true],
  ['an exponent of five bytes', 2048, 5, false],
])('an RSA key: %s', (_name, bits, exponentBytes, wanted) => {
  const odd = (length: number) => Buffer.alloc(length, 0xff).toString('base64url');
  const key = createPublicKey({ key: { kty: 'RSA', n: odd(bits / 8), e: odd(exponentBytes) }, format: 'jwk' });
  expect(attempt(() => acceptableKey(key)).ok).toBe(wanted);
});
