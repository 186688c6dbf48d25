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
  /** The top-level targets hold nothing but these. */
  readonly delegations?: readonly DelegatedRole[];
}

export interface DelegatedRole {
  readonly name: string;
  /** `*` when neither these nor prefixes are given. */
  readonly paths?: readonly string[];
  readonly prefixes?: readonly string[];
  readonly isTerminating?: boolean;
  /** What it lists as `trusted_root.json`; nothing when absent. */
  readonly target?: string;
  readonly delegations?: readonly DelegatedRole[];
  readonly expires?: number;
  readonly version?: number;
  /** Signed by a key that nobody named; not in the snapshot; not at the mirror. */
  readonly defect?: 'forged' | 'unlisted' | 'missing';
  /** Changes what the delegator says. */
  readonly edit?: (role: Record<string, Json>) => void;
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
  const delegatedKeys = new Map<string, Key>();
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

  /** The file of a target, and how targets describe it. */
  function listed(text: string): Record<string, Json> {
    const bytes = Buffer.from(text);
    files.set(`targets/${sha256(bytes)}.trusted_root.json`, bytes);
    return { 'trusted_root.json': { length: bytes.length, hashes: { sha256: sha256(bytes) } } };
  }

  /** Writes delegated roles; what their delegator says of them, and in `meta` what the snapshot does. */
  function delegate(roles: readonly DelegatedRole[], meta: Record<string, Json>, change: Publication): Json {
    const named = roles.map((role) => {
      const key = delegatedKeys.get(role.name) ?? createKey();
      delegatedKeys.set(role.name, key);
      const { expires, target, defect, prefixes } = role;
      const members = {
        version: role.version ?? versions.targets,
        targets: target === undefined ? {} : listed(target),
        ...(role.delegations === undefined ? {} : { delegations: delegate(role.delegations, meta, change) }),
      };
      const asked: Publication = { ...(expires === undefined ? {} : { expires: { targets: expires } }) };
      const signer = defect === 'forged' ? { ...createKey(), id: key.id } : key;
      const bytes = write('targets', members, asked, [signer]);
      if (defect !== 'missing') files.set(`${members.version}.${role.name}.json`, bytes);
      if (defect !== 'unlisted') meta[`${role.name}.json`] = { version: members.version };
      const described: Record<string, Json> = {
        name: role.name,
        keyids: [key.id],
        threshold: 1,
        terminating: role.isTerminating === true,
        ...(prefixes === undefined ? { paths: role.paths ?? ['*'] } : { path_hash_prefixes: prefixes }),
      };
      role.edit?.(described);
      return { key, described };
    });
    return {
      keys: Object.fromEntries(named.map(({ key }) => [key.id, key.described])),
      roles: named.map(({ described }) => described),
    };
  }

  function publish(change: Publication = {}): void {
    const before = keys.root;
    for (const role of change.rotate ?? []) keys[role] = keys[role].map(createKey);
    if (change.rotate !== undefined || change.newRoot === true || change.expires?.root !== undefined) {
      writeRoot(change, before);
    }
    content = change.target ?? content;
    for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
      versions[role] = change.versions?.[role] ?? versions[role] + 1;
    }
    const delegated: Record<string, Json> = {};
    const members =
      change.delegations === undefined
        ? { targets: listed(content) }
        : { targets: {}, delegations: delegate(change.delegations, delegated, change) };
    const targets = write('targets', members, change, keys.targets);
    files.set(`${versions.targets}.targets.json`, targets);
    const metaOf = (version: number, file: Buffer): Json =>
      change.meta === undefined ? { version } : { version, length: file.length, hashes: { sha256: sha256(file) } };
    const meta = { 'targets.json': metaOf(versions.targets, targets), ...delegated };
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
