import { createHash, type KeyObject, sign } from 'node:crypto';
import type { Json } from '@vouchsafe/engine/kernel';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { canonicalMetadata } from '../src/tuf/canonical-metadata.ts';

/** A TUF repository in memory, every part of which may be told to lie. */
export interface TestRepository {
  /** What its client is given out of band. */
  readonly firstRoot: Buffer;
  /** Files by path. */
  readonly files: Map<string, Buffer | 'endless'>;
  /** Changes what is there and writes all of it anew, each with its next version. */
  publish(change?: Publication): void;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Files of this repository, to bring back later. */
  snapshot(): Map<string, Buffer | 'endless'>;
}

type Role = 'root' | 'timestamp' | 'snapshot' | 'targets';

export interface Publication {
  readonly target?: string;
  /** Milliseconds since the epoch, for one role. */
  readonly expires?: Partial<Record<Role, number>>;
  readonly versions?: Partial<Record<Role, number>>;
  /** New keys for these roles, in a new root. */
  readonly rotate?: readonly Role[];
  /** A new root although nothing rotates. */
  readonly newRoot?: boolean;
  /** Signs these roles with keys nobody named. */
  readonly forge?: readonly Role[];
  /** As many signatures on root.json, of its two keys. */
  readonly rootSignatures?: number;
  readonly meta?: 'with-hashes';
}

interface Key {
  readonly id: string;
  readonly described: Json;
  readonly privateKey: KeyObject;
}

const far = Date.parse('2040-01-01T00:00:00Z');

function createKey(): Key {
  const { privateKey, publicKeyPem } = generateKeyPair('ecdsa-p256');
  const described: Json = { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: publicKeyPem } };
  return { id: sha256(canonicalMetadata(described)), described, privateKey };
}

export function createTestRepository(target: string): TestRepository {
  const files = new Map<string, Buffer | 'endless'>();
  /** root.json needs both of its keys. */
  const keys = {
    root: [createKey(), createKey()],
    timestamp: [createKey()],
    snapshot: [createKey()],
    targets: [createKey()],
  };
  const versions: Record<Role, number> = { root: 0, timestamp: 0, snapshot: 0, targets: 0 };
  let content = target;

  function write(role: Role, members: Record<string, Json>, change: Publication, signers: readonly Key[]): Buffer {
    const signed: Json = {
      _type: role,
      spec_version: '1.0.31',
      version: versions[role],
      expires: new Date(change.expires?.[role] ?? far).toISOString().replace(/\.\d+Z$/, 'Z'),
      ...members,
    };
    const used = change.forge?.includes(role) === true ? signers.map(({ id }) => ({ ...createKey(), id })) : signers;
    const signatures = used.map(({ id, privateKey }) => ({
      keyid: id,
      sig: sign('sha256', canonicalMetadata(signed), privateKey).toString('hex'),
    }));
    return Buffer.from(JSON.stringify({ signatures, signed }, null, 1));
  }

  function writeRoot(change: Publication, before: readonly Key[]): Buffer {
    versions.root = change.versions?.root ?? versions.root + 1;
    const all = Object.values(keys).flat();
    const role = (name: Role): Json => ({ keyids: keys[name].map(({ id }) => id), threshold: keys[name].length });
    const signers = [...new Set([...before, ...keys.root])].slice(0, change.rootSignatures ?? 4);
    const members = {
      consistent_snapshot: true,
      keys: Object.fromEntries(all.map(({ id, described }) => [id, described])),
      roles: { root: role('root'), timestamp: role('timestamp'), snapshot: role('snapshot'), targets: role('targets') },
    };
    const bytes = write('root', members, change, signers);
    files.set(`${versions.root}.root.json`, bytes);
    return bytes;
  }

  function publish(change: Publication = {}): void {
    const before = keys.root;
    for (const role of change.rotate ?? []) keys[role] = keys[role].map(createKey);
    if (change.rotate !== undefined || change.newRoot === true || change.expires?.root !== undefined) {
      writeRoot(change, before);
    }
    content = change.target ?? content;
    const bytes = Buffer.from(content);
    files.set(`targets/${sha256(bytes)}.trusted_root.json`, bytes);
    for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
      versions[role] = change.versions?.[role] ?? versions[role] + 1;
    }
    const described = { 'trusted_root.json': { length: bytes.length, hashes: { sha256: sha256(bytes) } } };
    const targets = write('targets', { targets: described }, change, keys.targets);
    files.set(`${versions.targets}.targets.json`, targets);
    const metaOf = (version: number, file: Buffer): Json =>
      change.meta === undefined ? { version } : { version, length: file.length, hashes: { sha256: sha256(file) } };
    const meta = { 'targets.json': metaOf(versions.targets, targets) };
    const snapshot = write('snapshot', { meta }, change, keys.snapshot);
    files.set(`${versions.snapshot}.snapshot.json`, snapshot);
    const timestampMeta = { 'snapshot.json': metaOf(versions.snapshot, snapshot) };
    files.set('timestamp.json', write('timestamp', { meta: timestampMeta }, change, keys.timestamp));
  }

  const firstRoot = writeRoot({}, []);
  publish();
  return { firstRoot, files, publish, asked: [], snapshot: () => new Map(files) };
}

/** How a client asks this repository, without HTTP. */
export function fetchFrom(repository: TestRepository) {
  return async (path: string, maximumBytes: number): Promise<Uint8Array | undefined> => {
    repository.asked.push(path);
    const found = repository.files.get(path);
    if (found === 'endless' || (found !== undefined && found.length > maximumBytes)) throw new Error('too many bytes');
    return found;
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
