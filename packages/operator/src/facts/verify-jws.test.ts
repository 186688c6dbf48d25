import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createEngine, decide, loadPolicies } from '@vouchsafe/engine';
import type { Fact, FactSource } from '@vouchsafe/engine/facts';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { NODE_HOST } from './node-host.ts';
import { verifyJws } from './verify-jws.ts';

const NOW = 1_700_000_000;
const SECRET = 'a secret of some length, not a word';
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const SHORT_RSA = generateKeyPairSync('rsa', { modulusLength: 1024 });
const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const P384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const ED = generateKeyPairSync('ed25519');

type Parts = readonly [header: JsonObject, claims: JsonObject];

const encode = (value: JsonObject): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function joined([header, claims]: Parts, signer: (data: Buffer) => Buffer): string {
  const data = `${encode(header)}.${encode(claims)}`;
  return `${data}.${signer(Buffer.from(data)).toString('base64url')}`;
}

const bySecret = (hash: string, secret: string | Buffer) => (data: Buffer) =>
  createHmac(hash, secret).update(data).digest();
const byKey = (hash: string | null, key: KeyObject) => (data: Buffer) =>
  sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
const byPss = (hash: string, key: KeyObject) => (data: Buffer) =>
  sign(hash, data, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });

function jwk({ publicKey }: { readonly publicKey: KeyObject }, more: JsonObject = {}): JsonObject {
  return { ...(publicKey.export({ format: 'jwk' }) as JsonObject), ...more };
}

/** What a policy says of a token, checked with keys that a server tells, or with a secret. */
async function told(token: string, keys: readonly JsonObject[] | string, claim = 'sub'): Promise<string> {
  const key = typeof keys === 'string' ? JSON.stringify(keys) : 'jwks.Fetch("https://keys")';
  const yaml = JSON.stringify({
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'ValidatingPolicy',
    metadata: { name: 'p' },
    spec: {
      evaluation: { mode: 'HTTP' },
      variables: [{ name: 'token', expression: `jwt.Decode(object.attributes.Header('Token')[0], ${key})` }],
      validations: [
        {
          expression: `http.Denied(string(variables.token.Valid) + ' ' + string(variables.token.Claims.${claim})).Response()`,
        },
      ],
    },
  });
  const { policies } = loadPolicies(yaml, 'p.json');
  const engine = createEngine({ host: NODE_HOST });
  const compiled = policies.flatMap((policy) => engine.compile(policy, {}).compiled ?? []);
  const source: FactSource = {
    kinds: new Set(['http-call']),
    fetch: async (requests): Promise<readonly Fact[]> =>
      requests.map(() => ({ ok: true, value: { status: 200, body: { keys: typeof keys === 'string' ? [] : keys } } })),
  };
  const [decision] = await decide(
    compiled,
    {
      operation: 'CREATE',
      kind: { group: '', version: '', kind: '' },
      subresource: '',
      namespace: '',
      name: '',
      resource: { attributes: { header: { token: [token] } } },
      oldResource: undefined,
      payload: true,
      checkedBy: 'HTTP',
      admission: undefined,
      user: undefined,
      roles: [],
      clusterRoles: [],
      namespaceLabels: {},
      dryRun: false,
      now: NOW * 1000,
    },
    source,
    { phase: 'validate' },
  );
  const message = decision?.results[0]?.message ?? '';
  return message.replace('request denied, reason: ', '').replace('failed to decode the token: ', '');
}

const CLAIMS = { sub: 'me', exp: NOW + 60 };
const UNVERIFIED = 'its signature does not verify';
const NO_KEY = 'there is no key to verify it with';
const NOT_OF_KEY = 'its algorithm is none of the key';

describe('tokens that verify', () => {
  it.each<[string, (data: Buffer) => Buffer, readonly JsonObject[] | string]>([
    ['HS256', bySecret('sha256', SECRET), SECRET],
    ['HS512', bySecret('sha512', SECRET), SECRET],
    ['RS256', byKey('sha256', RSA.privateKey), [jwk(RSA)]],
    ['RS512', byKey('sha512', RSA.privateKey), [jwk(RSA, { alg: 'RS512', use: 'sig' })]],
    ['PS256', byPss('sha256', RSA.privateKey), [jwk(RSA)]],
    ['ES256', byKey('sha256', P256.privateKey), [jwk(P256)]],
    ['ES384', byKey('sha384', P384.privateKey), [jwk(P384)]],
    ['EdDSA', byKey(null, ED.privateKey), [jwk(ED)]],
    ['HS384', bySecret('sha384', SECRET), [{ kty: 'oct', k: Buffer.from(SECRET).toString('base64url') }]],
  ])('%s', async (alg, signer, keys) => {
    expect(await told(joined([{ alg }, CLAIMS], signer), keys)).toBe('true me');
  });
});

describe('tokens that are refused', () => {
  const publicPem = String(RSA.publicKey.export({ type: 'spki', format: 'pem' }));
  const publicJwk = JSON.stringify(jwk(RSA));
  const good = joined([{ alg: 'RS256' }, CLAIMS], byKey('sha256', RSA.privateKey));
  const [head = '', payload = '', signature = ''] = good.split('.');
  const bySecretText = bySecret('sha256', SECRET);
  it.each<[string, string, readonly JsonObject[] | string, string]>([
    ['alg none, unsigned', `${encode({ alg: 'none' })}.${encode(CLAIMS)}.`, [jwk(RSA)], 'it has no signature'],
    ['alg none, with a signature', joined([{ alg: 'none' }, CLAIMS], bySecretText), SECRET, NOT_OF_KEY],
    ['alg NONE', joined([{ alg: 'NONE' }, CLAIMS], bySecretText), [jwk(RSA)], NOT_OF_KEY],
    ['no alg', joined([{}, CLAIMS], bySecretText), SECRET, 'its header is malformed'],
    [
      'a public key as secret, from a set',
      joined([{ alg: 'HS256' }, CLAIMS], bySecret('sha256', publicPem)),
      [jwk(RSA)],
      NOT_OF_KEY,
    ],
    [
      'a public key as secret, as text',
      joined([{ alg: 'HS256' }, CLAIMS], bySecret('sha256', publicPem)),
      publicPem,
      'the key is a PEM document, which is no secret',
    ],
    [
      'the modulus as secret',
      joined([{ alg: 'HS256' }, CLAIMS], bySecret('sha256', Buffer.from(String(jwk(RSA)['n']), 'base64url'))),
      [jwk(RSA)],
      NOT_OF_KEY,
    ],
    [
      'a public JWK as secret, as text',
      joined([{ alg: 'HS256' }, CLAIMS], bySecret('sha256', publicJwk)),
      publicJwk,
      'the key is a JSON Web Key, which is no secret',
    ],
    ['an asymmetric token for a secret', good, SECRET, NOT_OF_KEY],
    ['an algorithm other than the key says', good, [jwk(RSA, { alg: 'PS256' })], NOT_OF_KEY],
    ['another padding', joined([{ alg: 'PS256' }, CLAIMS], byKey('sha256', RSA.privateKey)), [jwk(RSA)], UNVERIFIED],
    ['a key for encryption', good, [jwk(RSA, { use: 'enc' })], NO_KEY],
    ['a key that may only sign', good, [jwk(RSA, { key_ops: ['sign'] })], NO_KEY],
    ['another curve', joined([{ alg: 'ES384' }, CLAIMS], byKey('sha384', P256.privateKey)), [jwk(P256)], NOT_OF_KEY],
    [
      'a signature in DER',
      joined([{ alg: 'ES256' }, CLAIMS], (data) => sign('sha256', data, P256.privateKey)),
      [jwk(P256)],
      UNVERIFIED,
    ],
    ['zeros as ECDSA signature', joined([{ alg: 'ES256' }, CLAIMS], () => Buffer.alloc(64)), [jwk(P256)], UNVERIFIED],
    [
      'a short RSA key',
      joined([{ alg: 'RS256' }, CLAIMS], byKey('sha256', SHORT_RSA.privateKey)),
      [jwk(SHORT_RSA)],
      UNVERIFIED,
    ],
    ['other claims', `${head}.${encode({ sub: 'root' })}.${signature}`, [jwk(RSA)], UNVERIFIED],
    ['another header', `${encode({ alg: 'RS256', typ: 'x' })}.${payload}.${signature}`, [jwk(RSA)], UNVERIFIED],
    [
      'a key of its own',
      joined([{ alg: 'RS256', jwk: jwk(P256) }, CLAIMS], byKey('sha256', SHORT_RSA.privateKey)),
      [jwk(RSA)],
      UNVERIFIED,
    ],
    ['another secret', joined([{ alg: 'HS256' }, CLAIMS], bySecret('sha256', 'guess')), SECRET, UNVERIFIED],
    [
      'a cut signature',
      joined([{ alg: 'HS256' }, CLAIMS], (data) => bySecretText(data).subarray(0, 1)),
      SECRET,
      UNVERIFIED,
    ],
    ['an empty secret', joined([{ alg: 'HS256' }, CLAIMS], bySecret('sha256', '')), '', 'the key is empty'],
    [
      'an empty secret of a set',
      joined([{ alg: 'HS256' }, CLAIMS], bySecret('sha256', '')),
      [{ kty: 'oct', k: '' }],
      NO_KEY,
    ],
    [
      'critical extensions',
      joined([{ alg: 'HS256', crit: ['b64'], b64: false }, CLAIMS], bySecretText),
      SECRET,
      'its header has critical extensions',
    ],
    ['no keys', good, [], NO_KEY],
    ['two parts', `${head}.${payload}`, [jwk(RSA)], 'it does not have three parts'],
    ['four parts', `${good}.${signature}`, [jwk(RSA)], 'it does not have three parts'],
    ['padding', `${good}=`, [jwk(RSA)], 'it has no signature'],
    [
      'claims that are a list',
      joined([{ alg: 'HS256' }, [CLAIMS] as unknown as JsonObject], bySecretText),
      SECRET,
      'its payload is malformed',
    ],
    [
      'an expiry in words',
      joined([{ alg: 'HS256' }, { exp: 'never' }], bySecretText),
      SECRET,
      'its claim `exp` is no number',
    ],
    ['a huge token', `${head}.${'A'.repeat(70_000)}.${signature}`, [jwk(RSA)], 'it is longer than 65536 characters'],
  ])('%s', async (_, token, keys, wanted) => {
    expect(await told(token, keys)).toBe(wanted);
  });
});

describe('times of tokens', () => {
  it.each<[string, JsonObject, string]>([
    ['valid to the end of its second', { exp: NOW + 1 }, 'true'],
    ['expired', { exp: NOW }, 'false'],
    ['not yet', { nbf: NOW + 1 }, 'false'],
    ['from now on', { nbf: NOW }, 'true'],
    ['from the future', { iat: NOW + 60 }, 'false'],
    ['without times', {}, 'true'],
  ])('%s', async (_, times, wanted) => {
    const token = joined([{ alg: 'HS256' }, { sub: 'me', ...times }], bySecret('sha256', SECRET));
    expect(await told(token, SECRET)).toBe(`${wanted} me`);
  });

  it.each<[string, JsonObject, string]>([
    ['aud[0]', { aud: 'one' }, 'one'],
    ['aud[1]', { aud: ['one', 'two'] }, 'two'],
    ['exp', { exp: NOW + 60 }, String(NOW + 60)],
  ])('the claim %s', async (claim, claims, wanted) => {
    const token = joined([{ alg: 'HS256' }, claims], bySecret('sha256', SECRET));
    expect(await told(token, SECRET, claim)).toBe(`true ${wanted}`);
  });
});

describe('what Node is asked directly', () => {
  const data = Buffer.from('data');
  it.each<[string, Parameters<typeof verifyJws>[0]['algorithm'], Parameters<typeof verifyJws>[0]['key'], string]>([
    ['an unknown algorithm', 'none', { secret: data }, 'the algorithm of the signature is not known'],
    ['a secret for RSA', 'RS256', { secret: data }, 'the key is not of the algorithm'],
    ['a public key for HMAC', 'HS256', { jwk: jwk(RSA) }, 'the key is not of the algorithm'],
    ['a key of another kind', 'ES256', { jwk: jwk(RSA) }, 'the key is not of the algorithm'],
    ['a key that is none', 'RS256', { jwk: { kty: 'RSA' } }, 'the key cannot be read'],
  ])('%s', (_, algorithm, key, wanted) => {
    expect(verifyJws({ algorithm, key, data, signature: data })).toMatchObject({ message: wanted });
  });
});
