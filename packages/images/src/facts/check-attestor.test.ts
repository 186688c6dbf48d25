import type { Attestor } from '@vouchsafe/engine/facts';
import { createCertificate, generateKeyPair } from '@vouchsafe/kube/pki';
import { describe, expect, it } from 'vitest';
import { checkAttestor } from './check-attestor.ts';

const keys = generateKeyPair('ecdsa-p256');
const key = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const { pem: certificate } = createCertificate({
  subject: { commonName: 'signer' },
  publicKey: keys.publicKey,
  signingKey: keys.privateKey,
  notBefore: new Date('2026-01-01T00:00:00Z'),
  notAfter: new Date('2036-01-01T00:00:00Z'),
  isCertificateAuthority: true,
  subjectAlternativeNames: [],
  extendedKeyUsages: [],
});
const broken = '-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----';
const brokenCertificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';

describe('an attestor as it is submitted', () => {
  it.each<[string, Attestor]>([
    ['a key', { keys: { publicKeys: key } }],
    ['several keys', { keys: { publicKeys: key + key } }],
    ['a key that is a variable', { keys: { publicKeys: '{{ keys.data.key }}' } }],
    ['a key in a Secret', { keys: { publicKeys: 'k8s://team/cosign' } }],
    ['a key of a provider', { keys: { publicKeys: 'awskms:///alias/signing' } }],
    ['a certificate and its chain', { certificates: { cert: certificate, certChain: certificate } }],
    ['a certificate in base64', { certificates: { cert: Buffer.from(certificate).toString('base64') } }],
    [
      'own roots and expressions',
      { keyless: { roots: certificate, issuerRegExp: '^https://.*', subjectRegExp: '(a+)+' } },
    ],
    ['logs of its own', { keyless: { rekor: { pubkey: key }, ctlog: { pubkey: key, tsaCertChain: certificate } } }],
    ['nothing', {}],
  ])('%s has no problem', (_, attestor) => {
    expect(checkAttestor(attestor)).toEqual([]);
  });

  it.each<[string, Attestor, string, string]>([
    ['a key', { keys: { publicKeys: broken } }, 'keys.publicKeys', 'not base64|cannot be read'],
    ['text that is no key', { keys: { publicKeys: 'secret words' } }, 'keys.publicKeys', 'neither PEM nor a reference'],
    ['one key of two', { keys: { publicKeys: key + broken } }, 'keys.publicKeys', 'base64|cannot be read'],
    ['a private key', { keys: { publicKeys: keys.privateKeyPem } }, 'keys.publicKeys', 'a public key is needed'],
    ['the key of a log', { keys: { rekor: { pubkey: broken } } }, 'keys.rekor.pubkey', 'cannot be read'],
    ['a certificate', { certificates: { cert: brokenCertificate } }, 'certificates.cert', 'cannot be read'],
    ['a chain', { certificates: { certChain: 'x' } }, 'certificates.certChain', 'no PEM certificate'],
    ['roots', { keyless: { roots: key } }, 'keyless.roots', 'no PEM certificate'],
    ['the key of a certificate log', { keyless: { ctlog: { pubkey: 'x' } } }, 'keyless.ctlog.pubkey', 'not PEM'],
    ['a chain of time stamps', { keyless: { ctlog: { tsaCertChain: 'x' } } }, 'keyless.ctlog.tsaCertChain', 'read'],
    ['an issuer expression', { keyless: { issuerRegExp: '(open' } }, 'keyless.issuerRegExp', 'cannot be used'],
    ['an expression RE2 refuses', { keyless: { subjectRegExp: '(a)\\1' } }, 'keyless.subjectRegExp', 'cannot be used'],
    [
      'a nested one',
      { attestor: { entries: [{ keys: { publicKeys: key } }, { keys: { publicKeys: broken } }] } },
      'attestor.entries[1].keys.publicKeys',
      'base64|cannot be read',
    ],
  ])('%s that cannot be read is named with its path', (_, attestor, path, message) => {
    const problems = checkAttestor(attestor);
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]?.message).toMatch(new RegExp(message));
  });

  it('tells every problem, and no key material', () => {
    const problems = checkAttestor({ keys: { publicKeys: 'hunter2', rekor: { pubkey: 'hunter2' } } });
    expect(problems).toHaveLength(2);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});
