import { isJsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { decodeBase64, decodeHex, parseCount, parseJsonObject } from '../trust/encoded-text.ts';
import { Refusal } from '../trust/refusal.ts';
import type { LogEntry } from '../trust/transparency-log.ts';

/** The entry of Rekor v1 with its signed entry timestamp, as cosign 2 keeps it: JSON. Refuses what is not readable. */
export function readRekorBundle(text: string): LogEntry {
  const bundle = parseJsonObject(text);
  const payload = bundle === undefined ? undefined : memberAt(bundle, 'Payload');
  const promise = decodeBase64(bundle === undefined ? undefined : memberAt(bundle, 'SignedEntryTimestamp'));
  if (!isJsonObject(payload)) throw malformedEntry();
  const body = decodeBase64(memberAt(payload, 'body'));
  const logId = decodeHex(memberAt(payload, 'logID'));
  const logIndex = parseCount(memberAt(payload, 'logIndex'));
  const integratedTime = parseCount(memberAt(payload, 'integratedTime'));
  if (body === undefined || logId === undefined || logIndex === undefined) throw malformedEntry();
  return {
    body,
    logId,
    logIndex,
    integratedTime,
    promise: promise === undefined || promise.length === 0 ? undefined : promise,
    proof: undefined,
  };
}

function malformedEntry(): Refusal {
  return new Refusal('no-log-entry', 'the log entry of the signature is malformed');
}
