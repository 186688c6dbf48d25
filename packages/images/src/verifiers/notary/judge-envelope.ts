import { isJsonObject, type JsonObject, member } from '@vouchsafe/engine/kernel';
import { type ParsedCertificate, parseCertificate } from '@vouchsafe/kube/pki';
import type { Manifest } from '../../registry/manifest.ts';
import { type CertificatePath, createEffort, type Effort, findCertificatePath } from '../../trust/certificate-path.ts';
import { parseJsonObject } from '../../trust/encoded-text.ts';
import { Refusal, readOrRefuse, shown } from '../../trust/refusal.ts';
import type { ResolvedAttestor } from '../../trust/resolved-attestor.ts';
import { checkTimeStampToken } from '../../trust/time-stamp-token.ts';
import type { CertificateAuthority } from '../../trust/trust-root.ts';
import { always, formatTime } from '../../trust/validity.ts';
import { certificateKey, type Vouched } from '../../trust/vouch.ts';
import { checkAnnotations } from '../../trust/wanted-annotations.ts';
import { isEnvelopeSignedBy, malformedEnvelope, type NotaryEnvelope } from './notary-envelope.ts';

const payloadType = 'application/vnd.cncf.notary.payload.v1+json';
const signingScheme = 'notary.x509';
const schemeAttribute = 'io.cncf.notary.signingScheme';
const understood = new Set([schemeAttribute, 'io.cncf.notary.expiry']);
const maximumCertificates = 10;

/** An envelope that says what it must say of one artifact. Its signature is still to be checked. */
export interface ReadEnvelope {
  readonly envelope: NotaryEnvelope;
  readonly certificates: readonly [ParsedCertificate, ...ParsedCertificate[]];
  /** The payload's description of the artifact. */
  readonly target: JsonObject;
}

/**
 * Requires what the Notary Project signature specification asks of an envelope about `digest`, other than its signature:
 * payload, critical attributes, scheme; and, where the artifact is at hand, its size and media type. Attributes for plugins and unknown critical ones are refused. `bad-signature`.
 */
export function readEnvelope(envelope: NotaryEnvelope, digest: string, artifact?: Manifest): ReadEnvelope {
  if (envelope.contentType !== payloadType)
    throw malformedEnvelope(`its payload is \`${shown(envelope.contentType)}\``);
  if (!envelope.critical.includes(schemeAttribute)) throw malformedEnvelope('its signing scheme is not critical');
  const unknown = envelope.critical.find((attribute) => !understood.has(attribute));
  if (unknown !== undefined) throw malformedEnvelope(`the critical attribute \`${shown(unknown)}\` is not understood`);
  if (envelope.signingScheme !== signingScheme) {
    throw malformedEnvelope(`the signing scheme \`${shown(envelope.signingScheme)}\` is not trusted`);
  }
  if (envelope.expiry !== undefined && !envelope.critical.includes('io.cncf.notary.expiry')) {
    throw malformedEnvelope('its expiry is not critical');
  }
  const target = member(parseJsonObject(envelope.payload) ?? {}, 'targetArtifact');
  if (!isJsonObject(target)) throw malformedEnvelope('its payload names no artifact');
  const signed = member(target, 'digest');
  if (signed !== digest) {
    const got = typeof signed === 'string' ? shown(signed) : 'none';
    throw new Refusal('bad-signature', `the signature is for another image: wanted ${digest}, got ${got}`, {
      wanted: digest,
      got,
    });
  }
  if (artifact !== undefined) checkDescriptor(target, artifact);
  return { envelope, certificates: readCertificates(envelope.certificates), target };
}

/** The whole descriptor is signed, so that the same bytes are not taken for another kind of thing. */
function checkDescriptor(target: JsonObject, { size, document }: Manifest): void {
  const signedSize = member(target, 'size');
  const signedType = member(target, 'mediaType');
  const type = member(document, 'mediaType');
  if (signedSize !== size) {
    throw new Refusal('bad-signature', 'the signature is for another image: the size differs', {
      wanted: String(size),
      got: typeof signedSize === 'number' ? String(signedSize) : 'none',
    });
  }
  if (typeof type !== 'string' || signedType === type) return;
  throw new Refusal('bad-signature', 'the signature is for another kind of artifact: the media type differs', {
    wanted: shown(type),
    got: typeof signedType === 'string' ? shown(signedType) : 'none',
  });
}

function readCertificates(list: readonly Buffer[]): ReadEnvelope['certificates'] {
  if (list.length > maximumCertificates) throw malformedEnvelope('it has too many certificates');
  const [first, ...rest] = list.map((der) =>
    readOrRefuse('certificate-chain', 'the certificate', () => parseCertificate(der)),
  );
  if (first === undefined) throw malformedEnvelope('it has no certificates');
  return [first, ...rest];
}

/**
 * Judges an envelope at Notary's level `strict`, without revocation: signed by its certificate, which leads to a
 * certificate of the policy; valid at the present, or at the time of a time stamp where the policy names an authority for
 * them; not expired. Any identity is accepted, as Kyverno's trust policy does.
 */
export function judgeEnvelope(read: ReadEnvelope, attestor: ResolvedAttestor, now: number): Vouched {
  const { envelope, certificates } = read;
  const authority = trustStoreOf(attestor);
  const [leaf, ...untrusted] = certificates;
  if (!isEnvelopeSignedBy(envelope, certificateKey(leaf).key)) {
    throw new Refusal('bad-signature', 'the signature was not made by the key of its certificate');
  }
  const effort = createEffort();
  const stamp = stampedTime(envelope, attestor, effort);
  const path = findCertificatePath({
    leaf,
    untrusted,
    authorities: [authority],
    usage: 'codeSigning',
    isUsageOptional: true,
    times: [stamp ?? now],
    effort,
  });
  if (envelope.expiry !== undefined && now > envelope.expiry) {
    throw new Refusal('certificate-time', `the signature expired at ${formatTime(envelope.expiry)}`, {
      wanted: `before ${formatTime(envelope.expiry)}`,
      got: formatTime(now),
    });
  }
  checkAnnotations(member(read.target, 'annotations'), attestor.annotations);
  const validUntil = endOf(envelope, stamp === undefined ? path : []);
  return { signer: { subject: leaf.subject.text }, time: stamp, validUntil };
}

/** Kyverno's trust store: every certificate the attestor names. */
function trustStoreOf({ certificates }: ResolvedAttestor): CertificateAuthority {
  if (certificates.length === 0) {
    throw new Refusal('invalid-attestor', 'signatures of type Notary are verified by certificates only');
  }
  return { anchors: certificates, intermediates: [], validity: always, allowsLeafAnchor: true };
}

/** Naming an authority for time stamps makes them obligatory, as a `tsa` trust store does. */
function stampedTime(envelope: NotaryEnvelope, attestor: ResolvedAttestor, effort: Effort): number | undefined {
  if (!attestor.areTimeStampsStrict) return undefined;
  if (envelope.timeStamp === undefined) throw new Refusal('certificate-time', 'the signature has no time stamp');
  return checkTimeStampToken(envelope.timeStamp, envelope.signature, attestor.timeStampAuthorities, effort);
}

function endOf({ expiry }: NotaryEnvelope, path: CertificatePath): number | undefined {
  const ends = [...path.map(({ notAfter }) => notAfter.getTime()), ...(expiry === undefined ? [] : [expiry])];
  return ends.length === 0 ? undefined : Math.min(...ends);
}
