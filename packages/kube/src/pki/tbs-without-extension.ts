import { readExtension } from './certificate-extensions.ts';
import { derContextTag, derTags, openDer, readDer, readDerChildren, unwrapDer } from './der-reader.ts';
import { derContext, derSequence } from './der-writer.ts';
import type { ParsedCertificate } from './parse-certificate.ts';

const extensionsTag = derContextTag(3, true);

/**
 * The signed part with one extension taken out and all else kept byte for byte. With the timestamp list's OID it is what
 * a certificate transparency log signed (RFC 6962 §3.2). When no extension is left the list goes too.
 */
export function tbsWithoutExtension(certificate: ParsedCertificate, oid: string): Uint8Array {
  const fields = readDerChildren(readDer(certificate.tbs)).flatMap((field) => {
    if (field.tag !== extensionsTag) return [field.bytes];
    const list = openDer(unwrapDer(field, 'extensions'), 'extensions', derTags.sequence);
    const kept: Uint8Array[] = [];
    while (!list.isAtEnd) {
      const element = list.next();
      if (readExtension(element).oid !== oid) kept.push(element.bytes);
    }
    return kept.length === 0 ? [] : [derContext(3, derSequence(...kept))];
  });
  return derSequence(...fields);
}
