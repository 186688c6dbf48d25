import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { parseJsonObject } from '../../trust/encoded-text.ts';
import { Refusal, shown } from '../../trust/refusal.ts';

export const simpleSigningMediaType = 'application/vnd.dev.cosign.simplesigning.v1+json';
const payloadType = 'cosign container image signature';

/**
 * Reads a simple signing payload and requires it to be a cosign signature of the digest. The reference in it is not
 * checked, as in cosign: mirrors copy signatures along with images. Refuses `bad-signature`.
 */
export function readSimpleSigning(bytes: Uint8Array, digest: string): JsonObject {
  const payload = parseJsonObject(bytes);
  if (payload === undefined) throw new Refusal('bad-signature', 'the signed payload is not a JSON object');
  const type = memberAt(payload, 'critical', 'type');
  if (type !== payloadType) {
    const got = typeof type === 'string' ? shown(type) : 'none';
    throw new Refusal('bad-signature', `the signed payload has another type: wanted ${payloadType}, got ${got}`, {
      wanted: payloadType,
      got,
    });
  }
  const signed = memberAt(payload, 'critical', 'image', 'docker-manifest-digest');
  if (signed !== digest) {
    const got = typeof signed === 'string' ? shown(signed) : 'none';
    throw new Refusal('bad-signature', `the signature is for another image: wanted ${digest}, got ${got}`, {
      wanted: digest,
      got,
    });
  }
  return payload;
}
