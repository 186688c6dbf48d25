import type { EvidenceFailure } from '@vouchsafe/engine/facts';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { predicateTypeOf } from '../trust/in-toto-statement.ts';
import { attempt } from '../trust/refusal.ts';
import { oidcIssuerOf, subjectsOf } from '../trust/signer-identity.ts';
import type { SignedMaterial } from '../trust/vouch.ts';

/** What a piece of evidence says of itself. Nothing of it is verified: for explaining, never for deciding. */
export interface EvidenceClaims {
  /** Digest of the layer that holds it. */
  readonly evidence: string;
  /** Names of the certificate; empty when there is none. */
  readonly subjects: readonly string[];
  readonly issuer?: string;
  readonly predicateType?: string;
  /** When the log says it received the signature, ISO 8601. */
  readonly loggedAt?: string;
  readonly isTimeStamped: boolean;
  /** Why it cannot be read. */
  readonly problem?: EvidenceFailure;
}

export function claimsOf(evidence: string, material: SignedMaterial, document: JsonObject): EvidenceClaims {
  const { certificate, entries, timeStamps } = material;
  const issuer = certificate === undefined ? undefined : attempt(() => oidcIssuerOf(certificate));
  const predicateType = predicateTypeOf(document);
  const time = entries[0]?.integratedTime;
  return {
    evidence,
    subjects: certificate === undefined ? [] : subjectsOf(certificate),
    ...(issuer?.ok === true && issuer.value !== undefined ? { issuer: issuer.value } : {}),
    ...(predicateType === '' ? {} : { predicateType }),
    ...(time === undefined || time > 8.64e12 ? {} : { loggedAt: new Date(time * 1000).toISOString() }),
    isTimeStamped: timeStamps.length > 0,
  };
}

export function unreadable(evidence: string, problem: EvidenceFailure): EvidenceClaims {
  return { evidence, subjects: [], isTimeStamped: false, problem };
}
