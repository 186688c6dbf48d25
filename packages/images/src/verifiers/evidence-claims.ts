import type { EvidenceFailure } from '@vouchsafe/engine/facts';
import { isJsonObject, type Json, type JsonObject } from '@vouchsafe/engine/kernel';
import { predicateTypeOf } from '../trust/in-toto-statement.ts';
import { attempt, shown } from '../trust/refusal.ts';
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
  /** Signed along with the digest. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Which bare key is meant, where the evidence says: base64 of the SHA-256 of its SubjectPublicKeyInfo. */
  readonly keyHint?: string;
  /** There is an entry of a transparency log, its index by its own word. */
  readonly logIndex?: string;
  /** When the log says it received the signature, ISO 8601. */
  readonly loggedAt?: string;
  readonly isTimeStamped: boolean;
  /** Why it cannot be read. */
  readonly problem?: EvidenceFailure;
}

export function claimsOf(
  evidence: string,
  material: SignedMaterial,
  document: JsonObject,
  more: { readonly annotations?: Json | undefined; readonly keyHint?: string | undefined } = {},
): EvidenceClaims {
  const annotations = textsOf(more.annotations);
  const { keyHint } = more;
  const { certificate, entries, timeStamps } = material;
  const issuer = certificate === undefined ? undefined : attempt(() => oidcIssuerOf(certificate));
  const predicateType = predicateTypeOf(document);
  const time = entries[0]?.integratedTime;
  return {
    evidence,
    subjects: certificate === undefined ? [] : subjectsOf(certificate),
    ...(issuer?.ok === true && issuer.value !== undefined ? { issuer: issuer.value } : {}),
    ...(predicateType === '' ? {} : { predicateType }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(keyHint === undefined ? {} : { keyHint: shown(keyHint) }),
    ...(entries[0] === undefined ? {} : { logIndex: String(entries[0].logIndex) }),
    ...(time === undefined || time > 8.64e12 ? {} : { loggedAt: new Date(time * 1000).toISOString() }),
    isTimeStamped: timeStamps.length > 0,
  };
}

const maximumAnnotations = 50;

/** The members that are text; undefined when there are none. */
function textsOf(value: Json | undefined): Readonly<Record<string, string>> | undefined {
  if (!isJsonObject(value)) return undefined;
  const texts = Object.entries(value).flatMap(([name, text]) =>
    typeof text === 'string' ? [[name, shown(text)] as const] : [],
  );
  return texts.length === 0 ? undefined : Object.fromEntries(texts.slice(0, maximumAnnotations));
}

export function unreadable(evidence: string, problem: EvidenceFailure): EvidenceClaims {
  return { evidence, subjects: [], isTimeStamped: false, problem };
}
