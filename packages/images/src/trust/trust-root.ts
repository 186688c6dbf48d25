import { createHash, type KeyObject } from 'node:crypto';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import { attemptPki, type ParsedCertificate, parseCertificate, parseCertificates } from '@vouchsafe/kube/pki';
import publicGoodTrustedRoot from './data/public-good-trusted-root.json' with { type: 'json' };
import { decodeBase64, parseJsonObject, sameBytes } from './encoded-text.ts';
import { createVerificationKey, type PublicKey, parsePublicKeys } from './public-key.ts';
import { attempt, Refusal } from './refusal.ts';
import { always, type Validity } from './validity.ts';

/** A log whose signatures count: a transparency log (Rekor) or a certificate log. */
export interface TrustedLog {
  /** What entries name the log by: sha256 of the key, or of origin and key for Rekor v2. 32 bytes. */
  readonly id: Buffer;
  readonly key: KeyObject;
  readonly validity: Validity;
  /** With an origin before it, what `id` is the SHA-256 of; undefined where the log is named by its key alone. */
  readonly noteKey: Buffer | undefined;
}

/** Those whose certificates count. */
export interface CertificateAuthority {
  /** A path must end in one of these. They may be intermediates. */
  readonly anchors: readonly ParsedCertificate[];
  /** Trusted certificates between a leaf and an anchor. */
  readonly intermediates: readonly ParsedCertificate[];
  readonly validity: Validity;
  /** A leaf that is itself an anchor is accepted: somebody named this very certificate. */
  readonly allowsLeafAnchor: boolean;
}

/** Whom a verification believes. Immutable; `hash` names its content. */
export interface TrustRoot {
  readonly hash: string;
  readonly transparencyLogs: readonly TrustedLog[];
  readonly certificateLogs: readonly TrustedLog[];
  readonly certificateAuthorities: readonly CertificateAuthority[];
  /** The first certificate of `intermediates` may be the signer's own. */
  readonly timeStampAuthorities: readonly CertificateAuthority[];
}

export type TrustRootResult =
  | { readonly ok: true; readonly root: TrustRoot }
  | { readonly ok: false; readonly message: string };

/** Of a `trusted_root.json`. */
export const maximumTrustRootBytes = 1024 * 1024;

/** When the data of {@link publicGoodTrustRoot} was fetched. */
export const publicGoodTrustRootDate = '2026-11-21';

/**
 * The public-good instance (rekor.sigstore.dev, fulcio.sigstore.dev, timestamp.sigstore.dev). The data is the
 * `trusted_root.json` in the seeds of the npm package `@sigstore/tuf` 5.0.1 (Apache-2.0), as fetched on {@link publicGoodTrustRootDate};
 * deployments that need a fresher one name a file.
 */
export function publicGoodTrustRoot(): TrustRoot {
  publicGood ??= trustRootOrThrow(parseTrustRoot(JSON.stringify(publicGoodTrustedRoot)));
  return publicGood;
}
let publicGood: TrustRoot | undefined;

function trustRootOrThrow(result: TrustRootResult): TrustRoot {
  if (!result.ok) throw new Error(`the built-in trust root is broken: ${result.message}`);
  return result.root;
}

/**
 * Reads a `trusted_root.json` (dev.sigstore.trustroot.v1.TrustedRoot, at most 1 MiB). The whole document is refused when
 * any part is malformed; every key and authority must say from when it is valid.
 */
export function parseTrustRoot(text: string): TrustRootResult {
  if (text.length > maximumTrustRootBytes)
    return { ok: false, message: `a trust root is at most ${maximumTrustRootBytes} bytes` };
  const document = parseJsonObject(text);
  if (document === undefined) return { ok: false, message: 'the trust root is not a JSON object' };
  try {
    const root: TrustRoot = {
      hash: createHash('sha256').update(text).digest('hex'),
      transparencyLogs: readList(document, 'tlogs', readLog),
      certificateLogs: readList(document, 'ctlogs', readLog),
      certificateAuthorities: readList(document, 'certificateAuthorities', readAuthority),
      timeStampAuthorities: readList(document, 'timestampAuthorities', readAuthority),
    };
    return { ok: true, root };
  } catch (error) {
    if (error instanceof MalformedRoot) return { ok: false, message: `malformed trust root: ${error.message}` };
    throw error;
  }
}

/**
 * The same, read when something of it is asked for: a signature by a key needs none of it. Who asks for a part of a root that is
 * malformed is refused (`invalid-attestor`).
 */
export function deferTrustRoot(text: string): TrustRoot {
  let parsed: TrustRootResult | undefined;
  const root = (): TrustRoot => {
    parsed ??= parseTrustRoot(text);
    if (!parsed.ok) throw new Refusal('invalid-attestor', parsed.message);
    return parsed.root;
  };
  return {
    hash: createHash('sha256').update(text).digest('hex'),
    get transparencyLogs() {
      return root().transparencyLogs;
    },
    get certificateLogs() {
      return root().certificateLogs;
    },
    get certificateAuthorities() {
      return root().certificateAuthorities;
    },
    get timeStampAuthorities() {
      return root().timeStampAuthorities;
    },
  };
}

class MalformedRoot extends Error {}

function readList<Item>(document: JsonObject, key: string, read: (value: JsonObject, at: string) => Item): Item[] {
  const list = member(document, key) ?? [];
  if (!isJsonArray(list)) throw new MalformedRoot(`\`${key}\` is not a list`);
  return list.map((item, index) => {
    if (!isJsonObject(item)) throw new MalformedRoot(`\`${key}[${index}]\` is not an object`);
    return read(item, `${key}[${index}]`);
  });
}

function readLog(log: JsonObject, at: string): TrustedLog {
  const bytes = readBytes(memberAt(log, 'publicKey', 'rawBytes'), `${at}.publicKey.rawBytes`);
  const details = memberAt(log, 'publicKey', 'keyDetails');
  const isPkcs1 = typeof details === 'string' && details.startsWith('PKCS1_');
  const key = attempt(() => createVerificationKey(bytes, isPkcs1 ? 'pkcs1' : 'spki'));
  if (!key.ok) throw new MalformedRoot(`\`${at}.publicKey\`: ${key.failure.message}`);
  const named = memberAt(log, 'checkpointKeyId', 'keyId') ?? memberAt(log, 'logId', 'keyId');
  const id = readBytes(named, `${at}.logId.keyId`);
  return {
    id,
    key: key.value.key,
    validity: readValidity(memberAt(log, 'publicKey', 'validFor'), `${at}.publicKey.validFor`),
    noteKey: noteKeyOf(key.value, id),
  };
}

/** C2SP signed-note: newline, signature type 1, and the 32 bytes of an Ed25519 key. */
function noteKeyOf({ key, spki }: PublicKey, id: Buffer): Buffer | undefined {
  if (key.asymmetricKeyType !== 'ed25519' || sameBytes(sha256(spki), id)) return undefined;
  return Buffer.concat([Buffer.of(0x0a, 0x01), spki.subarray(-32)]);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function readAuthority(authority: JsonObject, at: string): CertificateAuthority {
  const list = memberAt(authority, 'certChain', 'certificates');
  if (!isJsonArray(list) || list.length === 0) throw new MalformedRoot(`\`${at}.certChain\` holds no certificate`);
  const certificates = list.map((item, index) => {
    const where = `${at}.certChain.certificates[${index}]`;
    const parsed = attemptPki(() => parseCertificate(readBytes(memberAt(item, 'rawBytes'), where)));
    if (!parsed.ok) throw new MalformedRoot(`\`${where}\`: ${parsed.message}`);
    return parsed.value;
  });
  return {
    anchors: certificates.slice(-1),
    intermediates: certificates.slice(0, -1),
    validity: readValidity(member(authority, 'validFor'), `${at}.validFor`),
    allowsLeafAnchor: false,
  };
}

function readBytes(value: Json | undefined, at: string): Buffer {
  const bytes = decodeBase64(value);
  if (bytes === undefined || bytes.length === 0) throw new MalformedRoot(`\`${at}\` is not base64`);
  return bytes;
}

function readValidity(value: Json | undefined, at: string): Validity {
  const start = readTime(memberAt(value, 'start'), `${at}.start`);
  const end = memberAt(value, 'end');
  return { start, end: end === undefined || end === null ? undefined : readTime(end, `${at}.end`) };
}

function readTime(value: Json | undefined, at: string): number {
  const isTime =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value);
  const time = isTime ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw new MalformedRoot(`\`${at}\` is not a time`);
  return time;
}

/** Authorities named by a policy as PEM: each certificate is an anchor, at any time its own validity allows. */
export function authorityFromPem(pem: string): CertificateAuthority | string {
  const parsed = attemptPki(() => parseCertificates(pem, 20));
  if (!parsed.ok) return parsed.message;
  if (parsed.value.length === 0) return 'no PEM certificate found';
  return { anchors: parsed.value, intermediates: [], validity: always, allowsLeafAnchor: true };
}

/** Logs named by a policy as PEM public keys. The id is the one of RFC 6962 and Rekor v1. */
export function logsFromPem(pem: string): readonly TrustedLog[] {
  return parsePublicKeys(pem).map(({ key, spki }) => ({
    id: sha256(spki),
    key,
    validity: always,
    noteKey: undefined,
  }));
}
