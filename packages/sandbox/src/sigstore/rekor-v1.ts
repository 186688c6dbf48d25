import { sign } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { canonicaliseEntry, type ProposedEntry } from './canonicalise-entry.ts';
import { type LogKey, signCheckpoint } from './log-key.ts';
import { createMerkleTree } from './merkle-tree.ts';

/** A log entry as the Rekor v1 API gives it. */
export interface RekorEntry {
  /** Base64 of the canonical body. */
  body: string;
  /** Seconds since the epoch. */
  integratedTime: number;
  /** Hex. */
  logID: string;
  logIndex: number;
  verification: {
    /** Base64 ECDSA signature over the four members above (SET). */
    signedEntryTimestamp: string;
    inclusionProof: RekorInclusionProof;
  };
}

export interface RekorInclusionProof {
  checkpoint: string;
  /** Hex. */
  hashes: string[];
  logIndex: number;
  /** Hex. */
  rootHash: string;
  treeSize: number;
}

/** A Rekor v1 log. */
export interface RekorV1 {
  readonly key: LogKey;
  /** Adds an entry, at the log's clock unless `integratedTime` says otherwise. */
  append(proposed: ProposedEntry, integratedTime?: Date): { uuid: string; entry: RekorEntry } | { refused: string };
  /** With a proof for the tree as it is now. */
  entry(uuid: string): RekorEntry | undefined;
  entryAt(logIndex: number): { uuid: string; entry: RekorEntry } | undefined;
  /** Names of the entries that hold this hash (`sha256:…` or bare hex). */
  search(hash: string): string[];
  info(): unknown;
}

const MAX_ENTRIES = 50_000;

interface StoredEntry {
  uuid: string;
  signed: Omit<RekorEntry, 'verification'>;
  signedEntryTimestamp: string;
}

/** `host` is the origin in its checkpoints. */
export function createRekorV1(key: LogKey, host: string, treeId: string, clock: () => Date): RekorV1 {
  const tree = createMerkleTree();
  const entries: StoredEntry[] = [];
  const byUuid = new Map<string, StoredEntry>();
  const checkpoint = () => signCheckpoint(key, `${host} - ${treeId}`, host, tree.size, tree.root());

  function publish(stored: StoredEntry): RekorEntry {
    const { logIndex } = stored.signed;
    return {
      ...stored.signed,
      verification: {
        signedEntryTimestamp: stored.signedEntryTimestamp,
        inclusionProof: {
          checkpoint: checkpoint(),
          hashes: tree.inclusionProof(logIndex).map((hash) => hash.toString('hex')),
          logIndex,
          rootHash: tree.root().toString('hex'),
          treeSize: tree.size,
        },
      },
    };
  }

  return {
    key,
    append(proposed, integratedTime = clock()) {
      if (entries.length >= MAX_ENTRIES) return { refused: 'the log is full' };
      const canonical = canonicaliseEntry(proposed);
      if ('refused' in canonical) return canonical;
      const body = Buffer.from(canonicalJson(canonical.entry));
      const logIndex = tree.append(body);
      const signed = {
        body: body.toString('base64'),
        integratedTime: Math.floor(integratedTime.getTime() / 1000),
        logID: key.id.toString('hex'),
        logIndex,
      };
      const stored: StoredEntry = {
        uuid: BigInt(treeId).toString(16).padStart(16, '0') + tree.leafHash(logIndex).toString('hex'),
        signed,
        signedEntryTimestamp: signEntryTimestamp(key, signed),
      };
      entries.push(stored);
      byUuid.set(stored.uuid, stored);
      return { uuid: stored.uuid, entry: publish(stored) };
    },
    entry(uuid) {
      const stored = byUuid.get(uuid) ?? entries.find((entry) => entry.uuid.endsWith(uuid) && uuid.length === 64);
      return stored === undefined ? undefined : publish(stored);
    },
    entryAt(logIndex) {
      const stored = entries[logIndex];
      return stored === undefined ? undefined : { uuid: stored.uuid, entry: publish(stored) };
    },
    search(hash) {
      const hex = hash.slice(hash.indexOf(':') + 1);
      if (!/^[0-9a-f]{64,128}$/.test(hex)) return [];
      return entries
        .filter(({ signed }) => Buffer.from(signed.body, 'base64').includes(`"value":"${hex}"`))
        .map(({ uuid }) => uuid);
    },
    info: () => ({
      rootHash: tree.root().toString('hex'),
      treeSize: tree.size,
      signedTreeHead: checkpoint(),
      treeID: treeId,
    }),
  };
}

/** The signed entry timestamp: the log's promise to include, over the canonical JSON of these four members. */
export function signEntryTimestamp(key: LogKey, signed: Omit<RekorEntry, 'verification'>): string {
  return sign('sha256', Buffer.from(canonicalJson(signed)), key.privateKey).toString('base64');
}
