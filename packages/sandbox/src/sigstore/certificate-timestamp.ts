import { createHash, sign } from 'node:crypto';
import { type CertificateExtension, derOctetString, extensionOids } from '@vouchsafe/kube/pki';
import type { LogKey } from './log-key.ts';

/**
 * A signed certificate timestamp list with one entry, as the extension that is embedded into the certificate
 * (RFC 6962 §3.2, §3.3). `tbs` is the signed part without this extension, `issuerSpki` the issuing authority's key.
 */
export function createCertificateTimestamp(
  log: LogKey,
  issuerSpki: Uint8Array,
  tbs: Uint8Array,
  at: Date,
): CertificateExtension {
  const timestamp = Buffer.alloc(8);
  timestamp.writeBigUInt64BE(BigInt(at.getTime()));
  const noExtensions = Buffer.alloc(2);
  const signature = sign(
    'sha256',
    Buffer.concat([
      Uint8Array.of(0, 0),
      timestamp,
      Uint8Array.of(0, 1),
      createHash('sha256').update(issuerSpki).digest(),
      withLength(tbs, 3),
      noExtensions,
    ]),
    log.privateKey,
  );
  const ecdsaSha256 = Uint8Array.of(4, 3);
  const entry = Buffer.concat([
    Uint8Array.of(0),
    log.id,
    timestamp,
    noExtensions,
    ecdsaSha256,
    withLength(signature, 2),
  ]);
  return {
    oid: extensionOids.signedCertificateTimestampList,
    critical: false,
    value: derOctetString(withLength(withLength(entry, 2), 2)),
  };
}

function withLength(bytes: Uint8Array, width: 2 | 3): Buffer {
  const length = Buffer.alloc(width);
  length.writeUIntBE(bytes.length, 0, width);
  return Buffer.concat([length, bytes]);
}
