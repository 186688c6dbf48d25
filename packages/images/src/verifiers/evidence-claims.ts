import type { EvidenceFailure } from '@vouchsafe/engine/facts';
import { isJsonObject, type Json, type JsonObject } from '@vouchsafe/engine/kernel';
import { extensionOids, joinPem, type ParsedCertificate } from '@vouchsafe/kube/pki';
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
  /** What a policy would trust to accept a certificate that names no issuer of identities: PEM, by the evidence's own word. */
  readonly certificates?: BroughtCertificates;
  /** Of the signer's certificate: no log promised to list it. Private authorities ask none. */
  readonly isUnlisted?: true;
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

/** The certificates above the signer's; the signer's own when nothing comes with it. */
export type BroughtCertificates = { readonly certChain: string } | { readonly cert: string };

export function broughtCertificates(
  own: ParsedCertificate,
  above: () => readonly ParsedCertificate[],
): BroughtCertificates {
  const chain = attempt(above);
  const pem = ({ der }: ParsedCertificate): string => joinPem('CERTIFICATE', der);
  if (!chain.ok || chain.value.length === 0) return { cert: pem(own) };
  return { certChain: chain.value.map(pem).join('') };
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
    ...(certificate?.extensions.has(extensionOids.signedCertificateTimestampList) === false
      ? { isUnlisted: true }
      : {}),
    ...(certificate !== undefined && !(issuer?.ok === true && issuer.value !== undefined)
      ? { certificates: broughtCertificates(certificate, material.untrusted) }
      : {}),
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
