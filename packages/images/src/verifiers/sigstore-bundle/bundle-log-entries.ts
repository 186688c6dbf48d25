import { isJsonArray, isJsonObject, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import { decodeBase64, parseCount, parseJsonObject, sameBytes } from '../../trust/encoded-text.ts';
import type { InclusionProof } from '../../trust/merkle-proof.ts';
import { Refusal } from '../../trust/refusal.ts';
import type { LogEntry } from '../../trust/transparency-log.ts';

const maximumEntries = 10;
const maximumHashes = 64;

/**
 * The transparency log entries of a bundle (dev.sigstore.rekor.v1.TransparencyLogEntry). Protojson leaves zeros out: a
 * missing index is 0, a missing time is none. Refuses `no-log-entry`.
 */
export function readLogEntries(list: Json | undefined): LogEntry[] {
  if (list === undefined) return [];
  if (!isJsonArray(list)) throw malformed('they are no list');
  if (list.length > maximumEntries) throw malformed(`more than ${maximumEntries} of them`);
  const entries = list.map((item) => {
    if (!isJsonObject(item)) throw malformed('one is no object');
    return readEntry(item);
  });
  const isRepeated = entries.some((entry, index) =>
    entries.slice(0, index).some((earlier) => isSameEntry(entry, earlier)),
  );
  if (isRepeated) throw malformed('one appears twice');
  return entries;
}

function readEntry(item: JsonObject): LogEntry {
  const body = decodeBase64(member(item, 'canonicalizedBody'));
  const logId = decodeBase64(memberAt(item, 'logId', 'keyId'));
  const logIndex = countOf(member(item, 'logIndex'));
  if (body === undefined || body.length === 0) throw malformed('one has no body');
  if (logId === undefined || logIndex === undefined) throw malformed('one names no log or no index');
  const document = readBody(item, body);
  const integratedTime = countOf(member(item, 'integratedTime'));
  if (integratedTime === undefined) throw malformed('one has a malformed time');
  const promise = memberAt(item, 'inclusionPromise', 'signedEntryTimestamp');
  const promiseBytes = promise === undefined ? undefined : decodeBase64(promise);
  if (promise !== undefined && promiseBytes === undefined) throw malformed('one has a malformed promise');
  return {
    body,
    document,
    logId,
    logIndex,
    integratedTime: integratedTime === 0 ? undefined : integratedTime,
    promise: promiseBytes?.length === 0 ? undefined : promiseBytes,
    proof: readProof(member(item, 'inclusionProof')),
  };
}

/** The entry says its kind twice; the body's is what was logged. */
function readBody(item: JsonObject, body: Buffer): JsonObject {
  const logged = parseJsonObject(body);
  const isSame =
    logged !== undefined &&
    memberAt(item, 'kindVersion', 'kind') === member(logged, 'kind') &&
    memberAt(item, 'kindVersion', 'version') === member(logged, 'apiVersion');
  if (!isSame) throw malformed('one is of another kind than its body');
  return logged;
}

function readProof(value: Json | undefined): InclusionProof | undefined {
  if (value === undefined || value === null) return undefined;
  const logIndex = countOf(memberAt(value, 'logIndex'));
  const treeSize = countOf(memberAt(value, 'treeSize'));
  const rootHash = decodeBase64(memberAt(value, 'rootHash'));
  const list = memberAt(value, 'hashes') ?? [];
  const checkpoint = memberAt(value, 'checkpoint', 'envelope');
  if (logIndex === undefined || treeSize === undefined || rootHash === undefined || !isJsonArray(list)) {
    throw malformed('one has a malformed inclusion proof');
  }
  if (list.length > maximumHashes) throw malformed('one has too long an inclusion proof');
  const hashes = list.map((hash) => {
    const bytes = decodeBase64(hash);
    if (bytes === undefined) throw malformed('one has a malformed inclusion proof');
    return bytes;
  });
  return {
    logIndex,
    treeSize,
    rootHash,
    hashes,
    checkpoint: typeof checkpoint === 'string' && checkpoint !== '' ? checkpoint : undefined,
  };
}

function countOf(value: Json | undefined): number | undefined {
  return value === undefined ? 0 : parseCount(value);
}

function isSameEntry(left: LogEntry, right: LogEntry): boolean {
  return left.logIndex === right.logIndex && sameBytes(left.logId, right.logId);
}

function malformed(why: string): Refusal {
  return new Refusal('no-log-entry', `the log entries of the bundle cannot be read: ${why}`);
}
