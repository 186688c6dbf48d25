import type { AttestorOutcome, EvidenceFailure } from '@vouchsafe/engine/facts';
import type { ParsedCertificate } from '@vouchsafe/kube/pki';
import {
  type CertificatePath,
  createEffort,
  type Effort,
  findCertificatePath,
  validityRefusalOf,
} from './certificate-path.ts';
import { checkCertificateTimestamps } from './certificate-timestamps.ts';
import { sameBytes } from './encoded-text.ts';
import { checkEntryBody, type LoggedSignature } from './entry-body.ts';
import { acceptableKey, isSignedBy, type PublicKey } from './public-key.ts';
import { attempt, Refusal } from './refusal.ts';
import type { CertificateSigner, KeySigner, ResolvedAttestor } from './resolved-attestor.ts';
import { checkIdentity, oidcIssuerOf, subjectsOf } from './signer-identity.ts';
import { checkTimeStampToken } from './time-stamp-token.ts';
import { checkLogEntry, checkLogTrustedAt, type LogDemands, type LogEntry } from './transparency-log.ts';
import type { CertificateAuthority } from './trust-root.ts';

/** One signature with all that came along. Nothing of it is believed yet. */
export interface SignedMaterial {
  readonly signature: Uint8Array;
  /** What the signature is over. */
  readonly signedBytes: Uint8Array;
  /** Of DSSE. */
  readonly payload: Uint8Array | undefined;
  readonly envelope: Uint8Array | undefined;
  readonly certificate: ParsedCertificate | undefined;
  /** Certificates that may lead from the signer's to an authority. Read when they are needed. */
  readonly untrusted: () => readonly ParsedCertificate[];
  readonly entries: readonly LogEntry[];
  readonly logDemands: LogDemands;
  readonly timeStamps: readonly Uint8Array[];
  /** What time stamps are of. */
  readonly timeStampedBytes: Uint8Array;
}

export type Signer = NonNullable<AttestorOutcome['signer']>;

/** A signature that holds. */
export interface Vouched {
  readonly signer: Signer;
  /** When the signature was made at the latest, by a trusted log or else a time stamp authority. Milliseconds. */
  readonly time: number | undefined;
  /** The verdict rests on the present time and holds no longer than this. Milliseconds; undefined: for good. */
  readonly validUntil: number | undefined;
}

/**
 * Requires everything an attestor asks of a signature: made by its key or by a certificate it accepts, logged, made at a
 * time the certificate was valid, promised to a certificate log, by the wanted identity. What the signature says is the
 * caller's to check. Throws {@link Refusal} naming the first check that did not hold. `now` is the present time, used
 * only where the policy asks for no log and nothing else tells the time. What comes along is one piece of evidence unless
 * `effort` is that of others, too.
 */
export function checkSignedMaterial(
  material: SignedMaterial,
  attestor: ResolvedAttestor,
  now: number,
  effort: Effort = createEffort(),
): Vouched {
  const { signer } = attestor;
  const bounded: BoundedMaterial = { ...material, effort };
  return signer.kind === 'key'
    ? checkKeySignature(bounded, attestor, signer, now)
    : checkCertificateSignature(bounded, attestor, signer, now);
}

interface BoundedMaterial extends SignedMaterial {
  readonly effort: Effort;
}

function checkKeySignature(
  material: BoundedMaterial,
  attestor: ResolvedAttestor,
  { key, hash, certificate, authorities }: KeySigner,
  now: number,
): Vouched {
  if (!isSignedBy(key.key, material.signedBytes, material.signature, hash)) {
    const message = `the signature was not made by the key${hintOf(certificate)}`;
    throw new Refusal('bad-signature', message, { wanted: key.fingerprint });
  }
  const known = checkTimes(material, attestor, { spki: key.spki });
  const { integratedTime } = known;
  const time = timeOf(known);
  const signer: Signer = { key: key.fingerprint, ...integratedTimeOf(integratedTime) };
  if (certificate === undefined) return { signer, time, validUntil: undefined };
  const used = trustedTimes(known, attestor, now);
  let path: CertificatePath = [certificate];
  if (authorities === undefined) {
    for (const time of used.times) {
      const refusal = validityRefusalOf(certificate, time);
      if (refusal !== undefined) throw refusal;
    }
  } else {
    path = checkPath(certificate, material, authorities, attestor, used.times);
  }
  const validUntil = used.isPresent ? endOf(path, authorities ?? []) : undefined;
  return { signer: { ...signer, ...identityOf(certificate) }, time, validUntil };
}

/** What is often behind a signature by another key. */
function hintOf(certificate: ParsedCertificate | undefined): string {
  return certificate?.basicConstraints?.isCertificateAuthority === true
    ? " of the certificate (`cert` holds an authority's: to accept what it has issued, give it as `certChain`)"
    : '';
}

function checkCertificateSignature(
  material: BoundedMaterial,
  attestor: ResolvedAttestor,
  { authorities, identity }: CertificateSigner,
  now: number,
): Vouched {
  const { certificate } = material;
  if (certificate === undefined) {
    throw new Refusal(
      'wrong-identity',
      'the signature was made with a bare key: it has no certificate and no identity',
    );
  }
  const key = certificateKey(certificate);
  if (!isSignedBy(key.key, material.signedBytes, material.signature)) {
    throw new Refusal('bad-signature', 'the signature was not made by the key of its certificate');
  }
  const known = checkTimes(material, attestor, { certificate: certificate.der });
  const { integratedTime } = known;
  const used = trustedTimes(known, attestor, now);
  const path = checkPath(certificate, material, authorities, attestor, used.times);
  checkIdentity(certificate, identity);
  return {
    signer: { ...identityOf(certificate), ...integratedTimeOf(integratedTime) },
    time: timeOf(known),
    validUntil: used.isPresent ? endOf(path, authorities) : undefined,
  };
}

/** The key of a certificate, when it is one that may vouch. Refuses `certificate-chain`. */
export function certificateKey(certificate: ParsedCertificate): PublicKey {
  const key = attempt(() => acceptableKey(certificate.publicKey, certificate.spki));
  if (!key.ok) throw new Refusal('certificate-chain', `the certificate's key is refused: ${key.failure.message}`);
  return key.value;
}

interface KnownTimes {
  /** Milliseconds; each vouched for by a log or a time stamp authority. */
  readonly times: number[];
  readonly integratedTime: number | undefined;
  /** Why a time stamp was passed over. */
  readonly passedOver: EvidenceFailure | undefined;
}

/** The times that are vouched for, after requiring the log entry and the time stamps an attestor asks for. */
function checkTimes(
  material: BoundedMaterial,
  attestor: ResolvedAttestor,
  verifier: LoggedSignature['verifier'],
): KnownTimes {
  const { stamped, passedOver } = timeStamped(material, attestor);
  const logs = attestor.transparencyLogs;
  if (logs === undefined) return { times: stamped, integratedTime: undefined, passedOver };
  if (material.entries.length === 0) {
    throw new Refusal('no-log-entry', 'the signature has no transparency log entry');
  }
  const logged: number[] = [];
  for (const entry of material.entries) {
    const { log, time } = checkLogEntry(entry, logs, material.logDemands);
    checkEntryBody(entry.body, { ...material, verifier }, entry.document);
    if (time === undefined) checkLogTrustedAt(log, stamped);
    else logged.push(time);
  }
  return { times: [...logged, ...stamped], integratedTime: logged[0], passedOver };
}

/** A log dates a signature once; whoever has it can have it stamped again at any time. */
function timeOf({ integratedTime, times }: KnownTimes): number | undefined {
  return integratedTime ?? (times.length === 0 ? undefined : Math.min(...times));
}

function timeStamped(
  material: BoundedMaterial,
  attestor: ResolvedAttestor,
): { stamped: number[]; passedOver: EvidenceFailure | undefined } {
  const stamped: number[] = [];
  let passedOver: EvidenceFailure | undefined;
  for (const token of material.timeStamps) {
    const checked = attempt(() =>
      checkTimeStampToken(token, material.timeStampedBytes, attestor.timeStampAuthorities, material.effort),
    );
    if (checked.ok) stamped.push(checked.value);
    else if (attestor.areTimeStampsStrict) throw new Refusal(checked.failure.reason, checked.failure.message);
    else passedOver ??= checked.failure;
  }
  return { stamped, passedOver };
}

/** What a certificate's validity is measured by. The present counts only where the policy asks for no log. */
function trustedTimes(
  { times, passedOver }: KnownTimes,
  attestor: ResolvedAttestor,
  now: number,
): { times: number[]; isPresent: boolean } {
  if (times.length > 0) return { times, isPresent: false };
  if (attestor.transparencyLogs === undefined) return { times: [now], isPresent: true };
  const why = passedOver === undefined ? '' : `: ${passedOver.message}`;
  throw new Refusal('certificate-time', `nothing trusted tells when the signature was made${why}`);
}

function checkPath(
  leaf: ParsedCertificate,
  material: BoundedMaterial,
  authorities: KeySigner['authorities'] & object,
  attestor: ResolvedAttestor,
  times: readonly number[],
): CertificatePath {
  const { effort } = material;
  const question = { leaf, authorities, usage: 'codeSigning', times, effort } as const;
  const direct = attempt(() => findCertificatePath({ ...question, untrusted: [] }));
  const path = direct.ok ? direct.value : findCertificatePath({ ...question, untrusted: material.untrusted() });
  if (attestor.certificateLogs !== undefined) {
    checkCertificateTimestamps(leaf, path[1] ?? leaf, attestor.certificateLogs);
  }
  return path;
}

function identityOf(certificate: ParsedCertificate): Signer {
  const subject = subjectsOf(certificate).join(', ') || certificate.subject.text;
  const issuer = attempt(() => oidcIssuerOf(certificate));
  return {
    ...(subject === '' ? {} : { subject }),
    ...(issuer.ok && issuer.value !== undefined ? { issuer: issuer.value } : {}),
  };
}

function integratedTimeOf(time: number | undefined): { integratedTime?: string } {
  return time === undefined ? {} : { integratedTime: new Date(time).toISOString() };
}

/** When the first certificate of the path ends, or the trust in its authority. */
function endOf(path: CertificatePath, authorities: readonly CertificateAuthority[]): number {
  const anchor = path.at(-1);
  const own = authorities.filter(({ anchors }) => anchors.some(({ der }) => anchor && sameBytes(der, anchor.der)));
  const trusted = own.map(({ validity }) => validity.end ?? Number.POSITIVE_INFINITY);
  const ends = path.map(({ notAfter }) => notAfter.getTime());
  return Math.min(...ends, ...(trusted.length === 0 ? [] : [Math.max(...trusted)]));
}
