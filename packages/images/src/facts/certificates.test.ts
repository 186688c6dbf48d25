import type { Attestor, CertificateAttestor } from '@vouchsafe/engine/facts';
import { createCertificate, generateKeyPair } from '@vouchsafe/kube/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signWithKey } from '../../../sandbox/src/sigstore/sign-image.ts';
import { pushFresh, type Rig, refusalOf, requestFor, startRig, verify } from '../../test/rig.ts';

const day = 86_400_000;
const start = new Date(Date.now() - day);
const end = new Date(Date.now() + 365 * day);
let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

type Changes = Partial<Parameters<typeof createCertificate>[0]>;

function authority(name: string, issuer?: Changes['issuer'], changes: Changes = {}) {
  const pair = generateKeyPair('ecdsa-p256');
  const certificate = createCertificate({
    subject: { commonName: name },
    publicKey: pair.publicKey,
    ...(issuer === undefined ? { signingKey: pair.privateKey } : { issuer }),
    notBefore: start,
    notAfter: end,
    isCertificateAuthority: true,
    subjectAlternativeNames: [],
    extendedKeyUsages: [],
    ...changes,
  });
  return { certificatePem: certificate.pem, privateKey: pair.privateKey };
}

function leaf(issuer: NonNullable<Changes['issuer']>, changes: Changes = {}) {
  const pair = generateKeyPair('ecdsa-p256');
  const certificate = createCertificate({
    subject: { commonName: 'builder' },
    publicKey: pair.publicKey,
    issuer,
    notBefore: start,
    notAfter: end,
    isCertificateAuthority: false,
    subjectAlternativeNames: [{ type: 'email', value: 'builder@acme.test' }],
    extendedKeyUsages: ['codeSigning'],
    ...changes,
  });
  return { pem: certificate.pem, privateKey: pair.privateKey };
}

const root = authority('root');
const intermediate = authority('intermediate', root);
const lax = { rekor: { ignoreTlog: true }, ctlog: { ignoreSCT: true } };
const attestorOf = (certificates: CertificateAttestor): Attestor => ({ certificates: { ...lax, ...certificates } });

async function attempt(
  signer: { pem: string; privateKey: ReturnType<typeof leaf>['privateKey'] },
  certificates: CertificateAttestor,
  chainPem = intermediate.certificatePem,
) {
  const image = pushFresh(rig.registry);
  signWithKey({
    registry: rig.registry,
    image: image.name,
    key: signer.privateKey,
    certificate: { pem: signer.pem, chainPem },
  });
  return refusalOf(await verify(rig.source, requestFor(image.reference, attestorOf(certificates))));
}

describe('certificate attestors', () => {
  const signer = leaf(intermediate);
  const chain = `${intermediate.certificatePem}${root.certificatePem}`;

  it.each<[string, CertificateAttestor]>([
    ['the certificate alone', { cert: signer.pem }],
    ['the certificate in base64', { cert: Buffer.from(signer.pem).toString('base64') }],
    ['certificate and chain', { cert: signer.pem, certChain: chain }],
    ['the chain alone', { certChain: chain }],
    ['the root alone, with the intermediate coming along', { certChain: root.certificatePem }],
    ['the intermediate alone', { certChain: intermediate.certificatePem }],
  ])('%s', async (_name, certificates) => {
    expect(await attempt(signer, certificates)).toEqual({ reason: 'verified', message: '' });
  });

  it.each<[string, CertificateAttestor, string]>([
    ['another certificate', { cert: leaf(intermediate).pem }, 'bad-signature'],
    ['another chain', { certChain: authority('root').certificatePem }, 'certificate-chain'],
    [
      'the certificate with a chain that did not issue it',
      { cert: signer.pem, certChain: authority('root').certificatePem },
      'certificate-chain',
    ],
    ['no certificate timestamp where one is wanted', { certChain: chain, ctlog: {} }, 'certificate-chain'],
    ['no log entry where one is wanted', { certChain: chain, rekor: {} }, 'no-log-entry'],
    ['nothing named', {}, 'invalid-attestor'],
    ['text that is no certificate', { cert: 'x' }, 'invalid-attestor'],
    ['a chain that is too long', { certChain: chain.repeat(6) }, 'invalid-attestor'],
  ])('%s is refused', async (_name, certificates, reason) => {
    expect((await attempt(signer, certificates)).reason).toBe(reason);
  });

  it('an authority where the certificate belongs is told where it belongs', async () => {
    const refusal = await attempt(signer, { cert: root.certificatePem });
    expect(refusal.reason).toBe('bad-signature');
    expect(refusal.message).toContain('`certChain`');
  });

  it('an intermediate that is not along is missed', async () => {
    const pem = { certChain: root.certificatePem };
    expect((await attempt(signer, pem, '')).reason).toBe('certificate-chain');
  });

  it.each<[string, () => [ReturnType<typeof leaf>, string], string, string]>([
    ['expired', () => [leaf(root, { notAfter: new Date(Date.now() - 1000) }), ''], 'certificate-time', 'expired'],
    [
      'not for code signing',
      () => [leaf(root, { extendedKeyUsages: ['clientAuth'] }), ''],
      'certificate-chain',
      'codeSigning',
    ],
    [
      'not for signatures',
      () => [leaf(root, { keyUsages: ['keyAgreement'] }), ''],
      'certificate-chain',
      'may not make signatures',
    ],
    [
      'of an authority that may have none below it',
      () => {
        const short = authority('short', root, { pathLength: 0 });
        const below = authority('below', short);
        return [leaf(below), `${below.certificatePem}${short.certificatePem}`];
      },
      'certificate-chain',
      'allows 0 authorities',
    ],
    [
      'of something that is no authority',
      () => {
        const fake = authority('fake', root, { isCertificateAuthority: false, keyUsages: ['keyCertSign'] });
        return [leaf(fake), fake.certificatePem];
      },
      'certificate-chain',
      'not a certificate authority',
    ],
    [
      'of an authority that may not sign certificates',
      () => {
        const mute = authority('mute', root, { keyUsages: ['cRLSign'] });
        return [leaf(mute), mute.certificatePem];
      },
      'certificate-chain',
      'may not sign certificates',
    ],
    [
      'of an authority for something else',
      () => {
        const web = authority('web', root, { extendedKeyUsages: ['serverAuth'] });
        return [leaf(web), web.certificatePem];
      },
      'certificate-chain',
      'may not issue certificates for codeSigning',
    ],
    [
      'of an expired authority',
      () => {
        const old = authority('old', root, { notAfter: new Date(Date.now() - 1000) });
        return [leaf(old), old.certificatePem];
      },
      'certificate-time',
      'expired',
    ],
    [
      'of a chain that is too deep',
      () => {
        let last = authority('a0', root);
        let pem = last.certificatePem;
        for (let depth = 1; depth < 10; depth += 1) {
          last = authority(`a${depth}`, last);
          pem += last.certificatePem;
        }
        return [leaf(last), pem];
      },
      'certificate-chain',
      'not issued by a trusted authority',
    ],
    [
      'of two authorities that vouch for each other',
      () => {
        const stranger = authority('x');
        const cross = authority('y', stranger);
        return [leaf(cross), `${cross.certificatePem}${stranger.certificatePem}`];
      },
      'certificate-chain',
      'not issued by a trusted authority',
    ],
  ])('a certificate %s is refused', async (_name, make, reason, text) => {
    const [made, chainPem] = make();
    const refusal = await attempt(made, { certChain: root.certificatePem }, chainPem);
    expect(refusal).toMatchObject({ reason, message: expect.stringContaining(text) });
  });

  it('weak keys vouch for nothing', async () => {
    const { publicKey, privateKey } = await import('node:crypto').then((crypto) =>
      crypto.generateKeyPairSync('rsa', { modulusLength: 1024 }),
    );
    const weak = leaf(root, { publicKey });
    const refusal = await attempt({ pem: weak.pem, privateKey }, { certChain: root.certificatePem });
    expect(refusal).toMatchObject({ reason: 'certificate-chain', message: expect.stringContaining('1024 bits') });
  });
});
