import { parseCertificate } from '@vouchsafe/kube/pki';
import type { Authorities, CertifiedKey } from './authorities.ts';
import type { LogKey } from './log-key.ts';

interface Validity {
  start: string;
}

interface TrustedLog {
  baseUrl: string;
  hashAlgorithm: string;
  publicKey: { rawBytes: string; keyDetails: string; validFor: Validity };
  logId: { keyId: string };
}

interface TrustedAuthority {
  subject: { organization: string; commonName: string };
  uri: string;
  certChain: { certificates: { rawBytes: string }[] };
  validFor: Validity;
}

/** `trusted_root.json`: dev.sigstore.trustroot.v1.TrustedRoot in protojson. */
export interface TrustedRoot {
  mediaType: string;
  tlogs: TrustedLog[];
  certificateAuthorities: TrustedAuthority[];
  ctlogs: TrustedLog[];
  timestampAuthorities: TrustedAuthority[];
}

export interface SigstoreUrls {
  fulcio: string;
  rekor: string;
  rekorV2: string;
  /** Where RFC 3161 requests are posted. */
  timestamp: string;
  oidc: string;
  /** Root of the TUF mirror. */
  tuf: string;
}

export function createTrustedRoot(
  authorities: Authorities,
  logs: { certificateLog: LogKey; rekor: LogKey; rekorV2: LogKey; rekorV2Origin: string },
  urls: SigstoreUrls,
): TrustedRoot {
  const validFor = { start: authorities.validFrom.toISOString() };
  const log = (key: LogKey, baseUrl: string, keyDetails: string): TrustedLog => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: key.spki.toString('base64'), keyDetails, validFor },
    logId: { keyId: key.id.toString('base64') },
  });
  const authority = (uri: string, ...chain: [CertifiedKey, CertifiedKey]): TrustedAuthority => ({
    subject: subjectOf(chain[1]),
    uri,
    certChain: { certificates: chain.map((key) => ({ rawBytes: Buffer.from(key.certificateDer).toString('base64') })) },
    validFor,
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [
      log(logs.rekor, urls.rekor, 'PKIX_ECDSA_P256_SHA_256'),
      // Clients compare the host of this URL with the checkpoint's origin.
      log(logs.rekorV2, `http://${logs.rekorV2Origin}`, 'PKIX_ED25519'),
    ],
    certificateAuthorities: [authority(urls.fulcio, authorities.fulcioIntermediate, authorities.fulcioRoot)],
    ctlogs: [log(logs.certificateLog, `${urls.fulcio}/ct`, 'PKIX_ECDSA_P256_SHA_256')],
    timestampAuthorities: [authority(urls.timestamp, authorities.timestampSigner, authorities.timestampRoot)],
  };
}

export interface SigningConfigOptions {
  rekor: 'v1' | 'v2' | 'none';
  timestamp: boolean;
}

/** `signing_config.json` v0.2, for `cosign --signing-config`. */
export function createSigningConfig(urls: SigstoreUrls, validFrom: Date, options: SigningConfigOptions): unknown {
  const service = (url: string, majorApiVersion: number) => ({
    url,
    majorApiVersion,
    validFor: { start: validFrom.toISOString() },
    operator: 'sandbox',
  });
  const rekorUrls = { v1: [service(urls.rekor, 1)], v2: [service(urls.rekorV2, 2)], none: [] }[options.rekor];
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service(urls.fulcio, 1)],
    oidcUrls: [service(urls.oidc, 1)],
    rekorTlogUrls: rekorUrls,
    rekorTlogConfig: { selector: 'ANY' },
    tsaUrls: options.timestamp ? [service(urls.timestamp, 1)] : [],
    tsaConfig: { selector: 'ANY' },
  };
}

function subjectOf(key: CertifiedKey): { organization: string; commonName: string } {
  const { subject } = parseCertificate(key.certificatePem);
  return { organization: subject.organizations[0] ?? '', commonName: subject.commonName ?? '' };
}
