import type { ParsedCertificate } from './parse-certificate.ts';
import { PkiError } from './pki-error.ts';
import { verifySignature } from './signature-algorithm.ts';

/**
 * Whether `parent`'s key signed `child` and its subject is `child`'s issuer, byte for byte. Says nothing about
 * validity periods, authority flags or usages: those are the path validator's (RFC 5280 §6).
 */
export function verifyIssued(child: ParsedCertificate, parent: ParsedCertificate): boolean {
  if (Buffer.compare(child.issuer.der, parent.subject.der) !== 0) return false;
  try {
    return verifySignature(child.signatureAlgorithmIdentifier, parent.publicKey, child.tbs, child.signature);
  } catch (error) {
    if (error instanceof PkiError) return false;
    throw error;
  }
}
