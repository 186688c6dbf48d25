import { verify } from 'node:crypto';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { openCheckpoint } from './checkpoint.ts';
import { sameBytes } from './encoded-text.ts';
import { type InclusionProof, isIncluded } from './merkle-proof.ts';
import { Refusal } from './refusal.ts';
import type { TrustedLog } from './trust-root.ts';
import { formatTime, isWithin } from './validity.ts';

/** What a transparency log (Rekor v1 or v2) gave as evidence of an entry. */
export interface LogEntry {
  /** The canonical body, as logged. */
  readonly body: Buffer;
  /** The same, where it was read already. */
  readonly document?: JsonObject;
  readonly logId: Buffer;
  readonly logIndex: number;
  /** Seconds since the epoch. Only the promise vouches for it. */
  readonly integratedTime: number | undefined;
  /** Signed entry timestamp. */
  readonly promise: Buffer | undefined;
  readonly proof: InclusionProof | undefined;
}

/** A log entry that holds. */
export interface VerifiedEntry {
  readonly log: TrustedLog;
  /** Milliseconds since the epoch; undefined when nothing vouches for a time. */
  readonly time: number | undefined;
}

/** Which kinds of evidence must be there; what is there is always checked. One kind is always needed. */
export interface LogDemands {
  readonly promise: boolean;
  readonly proof: boolean;
}

/** Requires that a trusted log has the entry. Says nothing about its body. Refuses `no-log-entry`. */
export function checkLogEntry(entry: LogEntry, logs: readonly TrustedLog[], demands: LogDemands): VerifiedEntry {
  const log = logs.find(({ id }) => sameBytes(id, entry.logId));
  if (log === undefined) {
    throw new Refusal('no-log-entry', 'the log entry is of a log that is not trusted', {
      wanted: logs.map(({ id }) => id.toString('hex')).join(', ') || 'no log is trusted',
      got: entry.logId.toString('hex'),
    });
  }
  if (demands.promise && entry.promise === undefined) throw refusal('the log entry has no signed entry timestamp');
  if (demands.proof && entry.proof === undefined) throw refusal('the log entry has no inclusion proof');
  if (entry.promise === undefined && entry.proof === undefined) {
    throw refusal('the log entry has neither a signed entry timestamp nor an inclusion proof');
  }
  if (entry.proof !== undefined) checkProof(entry, entry.proof, log);
  if (entry.promise === undefined) return { log, time: undefined };
  return { log, time: checkPromise(entry, entry.promise, log) };
}

/** Requires the log to have been trusted at each time. For entries whose own time nobody vouches for. */
export function checkLogTrustedAt(log: TrustedLog, times: readonly number[]): void {
  for (const time of times) {
    if (!isWithin(log.validity, time)) throw refusal(`the log was not trusted at ${formatTime(time)}`);
  }
}

/** The signed entry timestamp is over the canonical JSON (RFC 8785) of these four members. Its time in milliseconds. */
function checkPromise(entry: LogEntry, promise: Buffer, log: TrustedLog): number {
  if (entry.integratedTime === undefined) throw refusal('the log entry has a promise without a time');
  const signed = JSON.stringify({
    body: entry.body.toString('base64'),
    integratedTime: entry.integratedTime,
    logID: entry.logId.toString('hex'),
    logIndex: entry.logIndex,
  });
  if (!isSigned(signed, promise, log)) throw refusal('the signed entry timestamp is not signed by its log');
  const time = entry.integratedTime * 1000;
  checkLogTrustedAt(log, [time]);
  return time;
}

function checkProof(entry: LogEntry, proof: InclusionProof, log: TrustedLog): void {
  if (proof.checkpoint === undefined) throw refusal('the inclusion proof has no checkpoint');
  const checkpoint = openCheckpoint(proof.checkpoint, log);
  if (typeof checkpoint === 'string') throw refusal(checkpoint);
  if (checkpoint.treeSize !== proof.treeSize || !sameBytes(checkpoint.rootHash, proof.rootHash)) {
    throw refusal('the checkpoint is of another tree than the inclusion proof');
  }
  if (!isIncluded(entry.body, proof)) throw refusal('the inclusion proof does not lead to the root of the log');
}

function isSigned(text: string, signature: Buffer, log: TrustedLog): boolean {
  try {
    return verify(log.key.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(text), log.key, signature);
  } catch {
    return false;
  }
}

function refusal(message: string): Refusal {
  return new Refusal('no-log-entry', message);
}
