import { createHash, verify } from 'node:crypto';
import {
  extensionOids,
  type ParsedCertificate,
  readDer,
  readDerOctetString,
  tbsWithoutExtension,
} from '@vouchsafe/kube/pki';
import { sameBytes } from './encoded-text.ts';
import { Refusal, readOrRefuse } from './refusal.ts';
import type { TrustedLog } from './trust-root.ts';
import { isWithin } from './validity.ts';

/** One promise of a log to publish a certificate (RFC 6962 §3.2). */
interface CertificateTimestamp {
  readonly logId: Buffer;
  readonly timestamp: Buffer;
  readonly extensions: Buffer;
  readonly hash: number;
  readonly algorithm: number;
  readonly signature: Buffer;
}

const maximumTimestamps = 10;
const sha256 = 4;
const rsa = 1;
const ecdsa = 3;

/**
 * Requires that a trusted certificate log promised to publish `leaf`: at least one embedded timestamp must be signed by a
 * log that was trusted at its time. Refuses `certificate-chain`.
 */
export function checkCertificateTimestamps(
  leaf: ParsedCertificate,
  issuer: ParsedCertificate,
  logs: readonly TrustedLog[],
): void {
  const extension = leaf.extensions.get(extensionOids.signedCertificateTimestampList);
  if (extension === undefined) {
    const hint = '(a private authority gives none: `ctlog.ignoreSCT: true`)';
    throw new Refusal('certificate-chain', `the certificate has no signed certificate timestamp ${hint}`);
  }
  const timestamps = readOrRefuse('certificate-chain', 'the signed certificate timestamps', () =>
    readList(Buffer.from(readDerOctetString(readDer(extension.value), 'timestamp list'))),
  );
  const known = timestamps.filter(({ logId }) => logs.some((log) => sameBytes(log.id, logId)));
  if (known.length === 0) {
    throw new Refusal('certificate-chain', 'the certificate has no signed certificate timestamp of a trusted log', {
      got: timestamps.map(({ logId }) => logId.toString('hex')).join(', ') || 'an empty list',
    });
  }
  const signedPart = precertificatePart(leaf, issuer);
  const isPromised = known.some((timestamp) =>
    logs.some((log) => sameBytes(log.id, timestamp.logId) && isSigned(timestamp, log, signedPart)),
  );
  if (!isPromised) {
    throw new Refusal('certificate-chain', 'the signed certificate timestamp is not signed by its log');
  }
}

/** Issuer key hash, length and TBSCertificate without the list: the middle of what the log signed. */
function precertificatePart(leaf: ParsedCertificate, issuer: ParsedCertificate): Buffer {
  const tbs = tbsWithoutExtension(leaf, extensionOids.signedCertificateTimestampList);
  const length = Buffer.alloc(3);
  length.writeUIntBE(tbs.length, 0, 3);
  return Buffer.concat([createHash('sha256').update(issuer.spki).digest(), length, tbs]);
}

function isSigned(timestamp: CertificateTimestamp, log: TrustedLog, signedPart: Buffer): boolean {
  const time = Number(timestamp.timestamp.readBigUInt64BE());
  if (!isWithin(log.validity, time) || timestamp.hash !== sha256) return false;
  const wantedType = timestamp.algorithm === ecdsa ? 'ec' : timestamp.algorithm === rsa ? 'rsa' : undefined;
  if (log.key.asymmetricKeyType !== wantedType) return false;
  const extensionsLength = Buffer.alloc(2);
  extensionsLength.writeUInt16BE(timestamp.extensions.length);
  const signed = Buffer.concat([
    // version 1, signature type certificate_timestamp
    Buffer.from([0, 0]),
    timestamp.timestamp,
    // entry type precert_entry
    Buffer.from([0, 1]),
    signedPart,
    extensionsLength,
    timestamp.extensions,
  ]);
  try {
    return verify('sha256', signed, log.key, timestamp.signature);
  } catch {
    return false;
  }
}

/** SignedCertificateTimestampList: a length, then timestamps each with its length (RFC 6962 §3.3). */
function readList(bytes: Buffer): CertificateTimestamp[] {
  const list = new Reader(bytes);
  const all = new Reader(list.vector());
  list.finish();
  const timestamps: CertificateTimestamp[] = [];
  while (!all.isAtEnd) {
    if (timestamps.length === maximumTimestamps) throw malformed(`more than ${maximumTimestamps} of them`);
    const one = new Reader(all.vector());
    // Versions other than 1 may look different and are passed over.
    if (one.byte() === 0) timestamps.push(readTimestamp(one));
  }
  return timestamps;
}

function readTimestamp(one: Reader): CertificateTimestamp {
  const timestamp = {
    logId: one.take(32),
    timestamp: one.take(8),
    extensions: one.vector(),
    hash: one.byte(),
    algorithm: one.byte(),
    signature: one.vector(),
  };
  one.finish();
  return timestamp;
}

/** TLS presentation language: bytes and vectors with two bytes of length. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed('they end early');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  vector(): Buffer {
    return this.take(this.take(2).readUInt16BE());
  }

  finish(): void {
    if (!this.isAtEnd) throw malformed('bytes are left over');
  }
}

function malformed(why: string): Refusal {
  return new Refusal('certificate-chain', `the signed certificate timestamps cannot be read: ${why}`);
}
