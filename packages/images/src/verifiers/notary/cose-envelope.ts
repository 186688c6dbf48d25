import { type Cbor, CborError, isCborMap, isCborTag, readCbor, writeCborBytes, writeCborText } from './cbor-reader.ts';
import { malformedEnvelope, type NotaryAlgorithm, type NotaryEnvelope } from './notary-envelope.ts';

export const coseMediaType = 'application/cose';

const coseSign1Tag = 18;
const epochTag = 1;
const algorithmLabel = 1;
const criticalLabel = 2;
const contentTypeLabel = 3;
const chainLabel = 33;
/** RFC 9053 §2.1 and RFC 8230 §2. */
const algorithms: ReadonlyMap<Cbor | undefined, NotaryAlgorithm> = new Map<Cbor | undefined, NotaryAlgorithm>([
  [-7, 'ES256'],
  [-35, 'ES384'],
  [-36, 'ES512'],
  [-37, 'PS256'],
  [-38, 'PS384'],
  [-39, 'PS512'],
]);

/** Reads the COSE form: a tagged COSE_Sign1 (RFC 9052 §4.2) with Notary's headers. Refuses `bad-signature`. */
export function readCoseEnvelope(bytes: Uint8Array): NotaryEnvelope {
  const item = read(bytes);
  if (!isCborTag(item) || item.tag !== coseSign1Tag || !Array.isArray(item.value)) {
    throw malformedEnvelope('it is not a COSE_Sign1');
  }
  const [protectedBytes, unprotected, payload, signature, ...more]: (Cbor | undefined)[] = item.value;
  if (more.length > 0 || !isBytes(protectedBytes) || !isBytes(payload) || !isBytes(signature)) {
    throw malformedEnvelope('it is not a COSE_Sign1');
  }
  const header = read(protectedBytes);
  if (!isCborMap(header) || !isCborMap(unprotected)) throw malformedEnvelope('its headers are no maps');
  const algorithm = algorithms.get(header.get(algorithmLabel));
  if (algorithm === undefined) throw malformedEnvelope('its algorithm is unknown');
  const timeStamp = unprotected.get('io.cncf.notary.timestampSignature');
  return {
    algorithm,
    signedBytes: signedBytesOf(protectedBytes, payload),
    signature: Buffer.from(signature),
    payload: Buffer.from(payload),
    contentType: textOf(header.get(contentTypeLabel), 'content type'),
    signingScheme: textOf(header.get('io.cncf.notary.signingScheme'), 'signing scheme'),
    expiry: readTime(header.get('io.cncf.notary.expiry')),
    critical: readCritical(header.get(criticalLabel)),
    certificates: readChain(unprotected.get(chainLabel)),
    timeStamp: isBytes(timeStamp) ? Buffer.from(timeStamp) : undefined,
  };
}

function read(bytes: Uint8Array): Cbor {
  try {
    return readCbor(bytes);
  } catch (error) {
    if (error instanceof CborError) throw malformedEnvelope(error.message);
    throw error;
  }
}

/** Sig_structure without external data. */
function signedBytesOf(protectedBytes: Uint8Array, payload: Uint8Array): Buffer {
  const listOfFour = Buffer.from([0x84]);
  const parts = [writeCborText('Signature1'), writeCborBytes(protectedBytes), writeCborBytes(Buffer.alloc(0))];
  return Buffer.concat([listOfFour, ...parts, writeCborBytes(payload)]);
}

function readCritical(value: Cbor | undefined): string[] {
  if (!Array.isArray(value)) throw malformedEnvelope('it does not say what is critical');
  return value.map((one: Cbor) => String(one));
}

/** One certificate or a list of them. */
function readChain(value: Cbor | undefined): Buffer[] {
  const list: readonly (Cbor | undefined)[] = Array.isArray(value) ? value : [value];
  return list.map((one) => {
    if (!isBytes(one)) throw malformedEnvelope('it has no certificates');
    return Buffer.from(one);
  });
}

function readTime(value: Cbor | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!isCborTag(value) || value.tag !== epochTag || typeof value.value !== 'number') {
    throw malformedEnvelope('its expiry is not a time');
  }
  return value.value * 1000;
}

function textOf(value: Cbor | undefined, what: string): string {
  if (typeof value !== 'string') throw malformedEnvelope(`its ${what} is missing`);
  return value;
}

function isBytes(value: Cbor | undefined): value is Uint8Array {
  return value instanceof Uint8Array;
}
