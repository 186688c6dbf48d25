import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { judgeWithEd25519ph } from './ed25519ph.ts';
import { isSignedBy } from './public-key.ts';

// RFC 8032, §7.3.
const x = Buffer.from('ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf', 'hex');
const signature = Buffer.from(
  '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
  'hex',
);
const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') }, format: 'jwk' });
const message = Buffer.from('abc');
const ask = (data: Uint8Array, bytes: Uint8Array, by = key) => judgeWithEd25519ph(() => isSignedBy(by, data, bytes));

describe('Ed25519ph', () => {
  it('is verified as RFC 8032 has it', async () => {
    expect(await ask(message, signature)).toBe(true);
  });

  it.each<[string, Promise<boolean>]>([
    ['other data', ask(Buffer.from('abd'), signature)],
    ['another key', ask(message, signature, generateKeyPairSync('ed25519').publicKey)],
    ['nothing', ask(message, Buffer.alloc(0))],
    ['too little', ask(message, signature.subarray(1))],
    ['zeros', ask(message, Buffer.alloc(64))],
    ['points that are none', ask(message, Buffer.alloc(64, 0xff))],
    ['a number that is not the smallest of its kind', ask(message, malleated())],
  ])('is refused for %s', async (_name, asked) => {
    expect(await asked).toBe(false);
  });
});

/** The same signature with the group's order added to its number. */
function malleated(): Buffer {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const read = (bytes: Buffer) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  const number = (read(signature.subarray(32)) + order).toString(16).padStart(64, '0');
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(number, 'hex').reverse()]);
}
