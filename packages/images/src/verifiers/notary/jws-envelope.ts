import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '@vouchsafe/engine/kernel';
import { decodeBase64, parseJsonObject } from '../../trust/encoded-text.ts';
import { isNotaryAlgorithm, malformedEnvelope, type NotaryEnvelope } from './notary-envelope.ts';

export const jwsMediaType = 'application/jose+json';

/** Reads the JWS form: flattened JSON (RFC 7515 §7.2.2) with Notary's protected header. Refuses `bad-signature`. */
export function readJwsEnvelope(bytes: Uint8Array): NotaryEnvelope {
  const document = parseJsonObject(bytes);
  if (document === undefined) throw malformedEnvelope('it is not a JSON object');
  const protectedText = textOf(document, 'protected');
  const payloadText = textOf(document, 'payload');
  const header = parseJsonObject(decodeUrl(protectedText, 'protected header'));
  if (header === undefined) throw malformedEnvelope('its protected header is not a JSON object');
  const algorithm = member(header, 'alg');
  if (!isNotaryAlgorithm(algorithm)) throw malformedEnvelope('its algorithm is unknown');
  const unprotected = member(document, 'header');
  return {
    algorithm,
    signedBytes: Buffer.from(`${protectedText}.${payloadText}`, 'latin1'),
    signature: decodeUrl(textOf(document, 'signature'), 'signature'),
    payload: decodeUrl(payloadText, 'payload'),
    contentType: textOf(header, 'cty'),
    signingScheme: textOf(header, 'io.cncf.notary.signingScheme'),
    expiry: readExpiry(member(header, 'io.cncf.notary.expiry')),
    critical: readCritical(member(header, 'crit')),
    certificates: readCertificates(isJsonObject(unprotected) ? member(unprotected, 'x5c') : undefined),
    timeStamp: readTimeStamp(
      isJsonObject(unprotected) ? member(unprotected, 'io.cncf.notary.timestampSignature') : undefined,
    ),
  };
}

function textOf(object: JsonObject, key: string): string {
  const text = member(object, key);
  if (typeof text !== 'string') throw malformedEnvelope(`\`${key}\` is missing`);
  return text;
}

function decodeUrl(text: string, what: string): Buffer {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw malformedEnvelope(`its ${what} is not base64url`);
  return Buffer.from(text, 'base64url');
}

function readExpiry(value: Json | undefined): number | undefined {
  if (value === undefined) return undefined;
  const time = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw malformedEnvelope('its expiry is not a time');
  return time;
}

function readCritical(value: Json | undefined): string[] {
  if (!isJsonArray(value) || !value.every((one): one is string => typeof one === 'string')) {
    throw malformedEnvelope('it does not say what is critical');
  }
  return [...value];
}

function readCertificates(list: Json | undefined): Buffer[] {
  if (!isJsonArray(list)) throw malformedEnvelope('it has no certificates');
  return list.map((item) => {
    const der = decodeBase64(item);
    if (der === undefined) throw malformedEnvelope('a certificate is not base64');
    return der;
  });
}

function readTimeStamp(value: Json | undefined): Buffer | undefined {
  if (value === undefined || value === '') return undefined;
  const token = decodeBase64(value);
  if (token === undefined) throw malformedEnvelope('its time stamp is not base64');
  return token;
}
