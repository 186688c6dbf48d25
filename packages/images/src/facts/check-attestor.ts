import type { Attestor, AttestorSet, CTLog, Rekor } from '@vouchsafe/engine/facts';
import { attemptPki, parseCertificate } from '@vouchsafe/kube/pki';
import { parsePublicKeys } from '../trust/public-key.ts';
import { Refusal } from '../trust/refusal.ts';
import { checkExpressions } from '../trust/signer-identity.ts';
import { authorityFromPem, logsFromPem, parseTrustRoot } from '../trust/trust-root.ts';

/** Something in an attestor that can never verify anything. */
export interface AttestorProblem {
  /** From the attestor: `keys.publicKeys`, `attestor.entries[1].keyless.issuerRegExp`. */
  readonly path: string;
  readonly message: string;
}

/**
 * What is wrong with the key material and expressions of one attestor, as far as that can be told without asking anybody:
 * texts that hold variables and references to Secrets or key providers are left alone. Messages quote no key material.
 */
export function checkAttestor(attestor: Attestor): readonly AttestorProblem[] {
  const { keys, certificates, keyless } = attestor;
  const checks: Check[] = [
    ['keys.publicKeys', keys?.publicKeys, checkKeys],
    ...logChecks('keys', keys),
    ['certificates.cert', certificates?.cert, checkCertificate],
    ['certificates.certChain', certificates?.certChain, checkCertificates],
    ...logChecks('certificates', certificates),
    ['keyless.roots', keyless?.roots, checkCertificates],
    ['keyless.issuerRegExp', keyless?.issuerRegExp, (issuerRegExp) => checkExpressions({ issuerRegExp })],
    ['keyless.subjectRegExp', keyless?.subjectRegExp, (subjectRegExp) => checkExpressions({ subjectRegExp })],
    ...logChecks('keyless', keyless),
    ['trustedRoot', attestor.trustedRoot, checkTrustedRoot],
  ];
  return [...checks.flatMap(perform), ...checkNested(attestor.attestor)];
}

type Check = readonly [path: string, text: string | undefined, check: (text: string) => void];

function logChecks(
  parent: string,
  logs: { readonly rekor?: Rekor; readonly ctlog?: CTLog } | undefined,
): readonly Check[] {
  return [
    [`${parent}.rekor.pubkey`, logs?.rekor?.pubkey, logsFromPem],
    [`${parent}.ctlog.pubkey`, logs?.ctlog?.pubkey, logsFromPem],
    [`${parent}.ctlog.tsaCertChain`, logs?.ctlog?.tsaCertChain, checkCertificates],
  ];
}

function perform([path, text, check]: Check): readonly AttestorProblem[] {
  if (text === undefined || text.trim() === '' || text.includes('{{')) return [];
  try {
    check(text);
    return [];
  } catch (error) {
    if (error instanceof Refusal) return [{ path, message: error.message }];
    throw error;
  }
}

/** Keys may be PEM, or references such as `k8s://namespace/name` and `awskms://…`, which others resolve. */
function checkKeys(text: string): void {
  const trimmed = text.trim();
  if (/^[a-z0-9]+:\/\//.test(trimmed)) return;
  if (!trimmed.startsWith('-----BEGIN ')) {
    throw new Refusal('invalid-attestor', 'the public key is neither PEM nor a reference to a key');
  }
  parsePublicKeys(trimmed);
}

/** One certificate, PEM or PEM in base64. */
function checkCertificate(text: string): void {
  const pem = text.trimStart().startsWith('-----BEGIN ') ? text : Buffer.from(text, 'base64').toString('latin1');
  const parsed = attemptPki(() => parseCertificate(pem));
  if (!parsed.ok) throw new Refusal('invalid-attestor', `the certificate cannot be read: ${parsed.message}`);
}

function checkCertificates(text: string): void {
  const read = authorityFromPem(text);
  if (typeof read === 'string') throw new Refusal('invalid-attestor', `the certificates cannot be read: ${read}`);
}

function checkTrustedRoot(text: string): void {
  const read = parseTrustRoot(text);
  if (!read.ok) throw new Refusal('invalid-attestor', read.message);
}

function checkNested(set: AttestorSet | undefined): readonly AttestorProblem[] {
  return (set?.entries ?? []).flatMap((entry, index) =>
    checkAttestor(entry).map(({ path, message }) => ({ path: `attestor.entries[${index}].${path}`, message })),
  );
}
