import { isJsonArray, isJsonObject, type Json, member } from '@vouchsafe/engine/kernel';
import { decodeBase64 } from './encoded-text.ts';
import { Refusal } from './refusal.ts';

/** Dead Simple Signing Envelope. */
export interface DsseEnvelope {
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signatures: readonly Buffer[];
  /** What the signatures are over (DSSE v1, PAE). */
  readonly signedBytes: Buffer;
}

const maximumSignatures = 20;

/** Refuses `bad-signature` for anything that is not an envelope with at least one signature. */
export function readDsseEnvelope(value: Json | undefined): DsseEnvelope {
  const malformed = (why: string): Refusal => new Refusal('bad-signature', `the envelope is malformed: ${why}`);
  if (!isJsonObject(value)) throw malformed('it is no JSON object');
  const payloadType = member(value, 'payloadType');
  const payload = decodeBase64(member(value, 'payload'));
  if (typeof payloadType !== 'string' || payload === undefined) throw malformed('it has no payload');
  const list = member(value, 'signatures');
  const count = isJsonArray(list) ? list.length : 0;
  if (!isJsonArray(list) || count === 0 || count > maximumSignatures) throw malformed(`it has ${count} signatures`);
  const signatures = list.map((item) => {
    const signature = decodeBase64(isJsonObject(item) ? member(item, 'sig') : undefined);
    if (signature === undefined || signature.length === 0) throw malformed('a signature is not base64');
    return signature;
  });
  return { payloadType, payload, signatures, signedBytes: preAuthenticationEncoding(payloadType, payload) };
}

function preAuthenticationEncoding(payloadType: string, payload: Buffer): Buffer {
  const type = Buffer.from(payloadType);
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `), type, Buffer.from(` ${payload.length} `), payload]);
}
