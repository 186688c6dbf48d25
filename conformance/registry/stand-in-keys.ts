import { createCertificate, generateKeyPair, joinPem, splitPem } from '@vouchsafe/kube/pki';
import type { Sigstore } from '@vouchsafe/sandbox';
import type { NotaryKey } from '../../packages/images/test/notary-signer.ts';
import type { ImageCatalogue } from './image-catalogue.ts';

/** Keys of our own in the place of those whose private halves are not public. */
export interface StandInKeys {
  /** The private key, PEM, of whom evidence names so. */
  signingKey(name: string): string;
  notaryKey(name: string): NotaryKey;
  /** The public key or certificate that stands in for the one of this fingerprint. */
  publicPart(fingerprint: string): string | undefined;
}

const HOUR_MS = 3_600_000;

export function createStandInKeys(catalogue: ImageCatalogue, { pem }: Sigstore): StandInKeys {
  const signing = new Map<string, string>();
  const notary = new Map<string, NotaryKey>();
  const publicParts = new Map<string, string>();

  for (const [name, fingerprint] of Object.entries(catalogue.keys)) {
    const { privateKeyPem, publicKeyPem } = generateKeyPair('ecdsa-p256');
    signing.set(name, privateKeyPem);
    publicParts.set(fingerprint, publicKeyPem);
  }
  for (const [name, fingerprint] of Object.entries(catalogue.certificates)) {
    const key = createNotaryKey();
    notary.set(name, key);
    publicParts.set(fingerprint, key.pem);
  }
  publicParts.set(catalogue.timestampAuthority, rootOf(pem.timestampChain));

  return {
    signingKey(name) {
      // Nobody asks for the public half of one that no fingerprint is known of.
      const known = signing.get(name) ?? generateKeyPair('ecdsa-p256').privateKeyPem;
      signing.set(name, known);
      return known;
    },
    notaryKey(name) {
      const key = notary.get(name);
      if (!key) throw new Error(`no certificate \`${name}\` in the catalogue`);
      return key;
    },
    publicPart: (fingerprint) => publicParts.get(fingerprint),
  };
}

/** A certificate that signs and is trusted itself, like those that `notation cert generate-test` makes. */
function createNotaryKey(): NotaryKey {
  const { privateKey, publicKey } = generateKeyPair('rsa-2048');
  const { pem } = createCertificate({
    subject: { commonName: 'test', organizations: ['Notary'] },
    publicKey,
    signingKey: privateKey,
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + 24 * HOUR_MS),
    isCertificateAuthority: false,
    subjectAlternativeNames: [],
    keyUsages: ['digitalSignature'],
    extendedKeyUsages: ['codeSigning'],
  });
  return { privateKey, pem, chain: pem };
}

function rootOf(chain: string): string {
  const root = splitPem(chain).at(-1);
  if (!root) throw new Error('a chain without certificates');
  return joinPem('CERTIFICATE', root.der);
}
