import { derContextTag, readDer, readDerChildren } from './der-reader.ts';
import { derContext, derSequence } from './der-writer.ts';
import type { ParsedCertificate } from './parse-certificate.ts';

const extensionsTag = derContextTag(3, true);

/**
 * The signed part with one extension taken out and all else kept byte for byte. With the timestamp list's OID it is what
 * a certificate transparency log signed (RFC 6962 §3.2). When no extension is left the list goes too.
 */
export function tbsWithoutExtension({ tbs, extensions }: ParsedCertificate, oid: string): Uint8Array {
  const kept = [...extensions.values()].filter((extension) => extension.oid !== oid).map(({ der }) => der);
  const fields = readDerChildren(readDer(tbs)).flatMap(({ tag, bytes }) => {
    if (tag !== extensionsTag) return [bytes];
    return kept.length === 0 ? [] : [derContext(3, derSequence(...kept))];
  });
  return derSequence(...fields);
}
