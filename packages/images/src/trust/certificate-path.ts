import type { ParsedCertificate } from '@vouchsafe/kube/pki';
import { sameBytes } from './encoded-text.ts';
import { acceptableKey } from './public-key.ts';
import { attempt, Refusal, shown } from './refusal.ts';
import type { CertificateAuthority } from './trust-root.ts';
import { formatTime, isWithin } from './validity.ts';

type PathUsage = 'codeSigning' | 'timeStamping';

/** From the leaf to the anchor, both included. */
export type CertificatePath = readonly ParsedCertificate[];

export interface PathQuestion {
  readonly leaf: ParsedCertificate;
  /** Certificates that came with the evidence: nobody vouches for them, a path may lead through them. */
  readonly untrusted: readonly ParsedCertificate[];
  readonly authorities: readonly CertificateAuthority[];
  readonly usage: PathUsage;
  /** A leaf that names no usage at all will do (Notary). */
  readonly isUsageOptional?: boolean;
  /** Each must lie within the validity of each certificate of the path. Never empty. */
  readonly times: readonly number[];
  readonly effort: Effort;
}

/**
 * How many signatures of certificates and time stamps may still be checked. One for all that a piece of evidence brings
 * along: whoever wrote it chose how many certificates there are to try, and with keys that take long.
 */
export interface Effort {
  left: number;
}

/** Honest evidence takes fewer than ten. */
const usualEffort = 40;

export function createEffort(): Effort {
  return { left: usualEffort };
}

const maximumDepth = 10;

/**
 * Finds a path from the leaf to a trusted authority (RFC 5280 §6, without names and policies: a certificate with such
 * critical extensions is refused). Refuses `certificate-chain` when there is none, `certificate-time` when the only
 * thing wrong with the nearest one is the time.
 */
export function findCertificatePath(question: PathQuestion): CertificatePath {
  const { leaf, usage, times, authorities } = question;
  if (times.length === 0) throw new Refusal('certificate-time', 'there is no trusted time to check the certificate at');
  checkLeaf(leaf, usage, question.isUsageOptional === true);
  if (authorities.length === 0) throw new Refusal('certificate-chain', 'no certificate authority is trusted');
  let timeRefusal: Refusal | undefined;
  let flaw: string | undefined;
  for (const authority of authorities) {
    const search = searchPath(question, authority);
    flaw ??= search.flaw;
    for (const path of search.paths) {
      const refusal = timeRefusalOf(path, authority, times);
      if (refusal === undefined) return path;
      timeRefusal ??= refusal;
    }
  }
  if (timeRefusal !== undefined) throw timeRefusal;
  throw new Refusal(
    'certificate-chain',
    flaw ?? `the certificate was not issued by a trusted authority: its issuer is \`${shown(leaf.issuer.text)}\``,
    { got: shown(leaf.issuer.text) },
  );
}

function checkLeaf(leaf: ParsedCertificate, usage: PathUsage, isUsageOptional: boolean): void {
  const [unknown] = leaf.unknownCriticalExtensions;
  if (unknown !== undefined) {
    throw new Refusal('certificate-chain', `the certificate has an unknown critical extension ${unknown}`);
  }
  const usages = leaf.extendedKeyUsages ?? [];
  const isUnstated = isUsageOptional && leaf.extendedKeyUsages === undefined;
  if (!isUnstated && !usages.includes(usage)) {
    throw new Refusal('certificate-chain', `the certificate is not for ${usage}`, {
      wanted: usage,
      got: usages.join(', ') || 'no extended key usage',
    });
  }
  if (leaf.keyUsages !== undefined && !leaf.keyUsages.includes('digitalSignature')) {
    throw new Refusal('certificate-chain', "the certificate's key may not make signatures", {
      wanted: 'digitalSignature',
      got: leaf.keyUsages.join(', '),
    });
  }
}

interface Search {
  readonly paths: ParsedCertificate[][];
  /** Why a certificate on the way could not be used, for the message. */
  flaw: string | undefined;
}

/** Depth first over issuers by name, signature and authority, as far as depth and effort go. */
function searchPath(question: PathQuestion, authority: CertificateAuthority): Search {
  const { leaf, untrusted, usage, effort } = question;
  const search: Search = { paths: [], flaw: undefined };
  const isAnchor = (certificate: ParsedCertificate): boolean =>
    authority.anchors.some((anchor) => sameBytes(anchor.der, certificate.der));
  if (authority.allowsLeafAnchor && isAnchor(leaf)) search.paths.push([leaf]);
  const trusted = [...authority.intermediates, ...authority.anchors];
  const strangers = untrusted.filter((one) => !trusted.some((known) => sameBytes(known.der, one.der)));
  const candidates = [...trusted, ...strangers];

  const extend = (path: ParsedCertificate[]): void => {
    const child = path.at(-1);
    if (child === undefined || path.length >= maximumDepth) return;
    for (const issuer of candidates) {
      if (path.includes(issuer) || !sameBytes(child.issuer.der, issuer.subject.der)) continue;
      if (effort.left <= 0) return;
      effort.left -= 1;
      // Keys come first: whoever made one chose how long it takes to check a signature by it.
      const isIssuer = keyFlawOf(issuer) !== undefined || child.isIssuedBy(issuer);
      if (!isIssuer) continue;
      const flaw = flawOfAuthority(issuer, path.length - 1, usage);
      if (flaw !== undefined) {
        search.flaw ??= flaw;
        continue;
      }
      const longer = [...path, issuer];
      if (isAnchor(issuer)) search.paths.push(longer);
      else extend(longer);
    }
  };
  extend([leaf]);
  return search;
}

/** Why `certificate` may not issue, with so many certificates of authorities below it in the path. */
function flawOfAuthority(certificate: ParsedCertificate, below: number, usage: PathUsage): string | undefined {
  const flaw = flawOf(certificate, below, usage);
  return flaw === undefined ? undefined : `\`${shown(certificate.subject.text)}\` ${flaw}`;
}

function flawOf(certificate: ParsedCertificate, below: number, usage: PathUsage): string | undefined {
  const constraints = certificate.basicConstraints;
  if (constraints?.isCertificateAuthority !== true) return 'is not a certificate authority';
  if (constraints.pathLength !== undefined && below > constraints.pathLength) {
    return `allows ${constraints.pathLength} authorities below it, the path has ${below}`;
  }
  if (certificate.keyUsages !== undefined && !certificate.keyUsages.includes('keyCertSign')) {
    return 'has a key that may not sign certificates';
  }
  const usages = certificate.extendedKeyUsages;
  if (usages !== undefined && !usages.includes(usage) && !usages.includes('any')) {
    return `may not issue certificates for ${usage}`;
  }
  const keyFlaw = keyFlawOf(certificate);
  if (keyFlaw !== undefined) return keyFlaw;
  const [unknown] = certificate.unknownCriticalExtensions;
  return unknown === undefined ? undefined : `has an unknown critical extension ${unknown}`;
}

function keyFlawOf(certificate: ParsedCertificate): string | undefined {
  const key = attempt(() => acceptableKey(certificate.publicKey, certificate.spki));
  return key.ok ? undefined : `has a key that is refused: ${key.failure.message}`;
}

function timeRefusalOf(
  path: CertificatePath,
  authority: CertificateAuthority,
  times: readonly number[],
): Refusal | undefined {
  for (const time of times) {
    if (!isWithin(authority.validity, time)) {
      return new Refusal('certificate-time', `the authority was not trusted at ${formatTime(time)}`);
    }
    for (const certificate of path) {
      const refusal = validityRefusalOf(certificate, time);
      if (refusal !== undefined) return refusal;
    }
  }
  return undefined;
}

/** Refusal `certificate-time` when `time` is outside of the certificate's validity. */
export function validityRefusalOf(certificate: ParsedCertificate, time: number): Refusal | undefined {
  const start = certificate.notBefore.getTime();
  const end = certificate.notAfter.getTime();
  if (isWithin({ start, end }, time)) return undefined;
  const limit = time < start ? `not yet valid: it begins ${formatTime(start)}` : `expired: it ended ${formatTime(end)}`;
  return new Refusal('certificate-time', `at ${formatTime(time)} the certificate was ${limit}`, {
    wanted: `${formatTime(start)} to ${formatTime(end)}`,
    got: formatTime(time),
  });
}
