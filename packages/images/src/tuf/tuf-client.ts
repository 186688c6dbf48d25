import { maximumTrustRootBytes } from '../trust/trust-root.ts';
import { type FoundTarget, searchTarget } from './delegated-targets.ts';
import {
  checkDescription,
  checkSignatures,
  describedMetadata,
  listedVersions,
  type Metadata,
  type RoleName,
  type RootContent,
  readDescribed,
  readMetadata,
  readRoot,
} from './tuf-metadata.ts';
import { TufProblem } from './tuf-problem.ts';

/** Asks a mirror for a file; undefined when it has none. Rejects when it sends more bytes, or does not answer. */
export type FetchFile = (path: string, maximumBytes: number) => Promise<Uint8Array | undefined>;

/** Files as they were sent, for the next process: everything is checked anew when they are taken up. */
export interface KeptFiles {
  /** The versions after the first root, in order. */
  readonly roots: readonly Buffer[];
  readonly timestamp?: Buffer;
  readonly snapshot?: Buffer;
  readonly targets?: Buffer;
  /** Targets of delegated roles, by the role's name. */
  readonly delegated?: ReadonlyMap<string, Buffer>;
  readonly target?: Buffer;
}

export interface TufClient {
  /**
   * One round of the client workflow (TUF specification 1.0, §5). The target's bytes. Rejects with {@link TufProblem}, or as
   * `fetchFile` does; what was believed before stays so, and a newer root that was found counts from then on.
   */
  refresh(fetchFile: FetchFile, now: number): Promise<Buffer>;
  /** The target as it was last believed, whatever its age. */
  readonly target: Buffer | undefined;
  readonly kept: KeptFiles;
}

/** Most bytes of each file, and most new roots in one round. */
const bounds = { root: 512_000, timestamp: 16_384, snapshot: 2_000_000, targets: 5_000_000 } as const;
const maximumRotations = 64;

interface Trusted {
  root: Metadata;
  content: RootContent;
  roots: Buffer[];
  timestamp: Metadata | undefined;
  snapshot: Metadata | undefined;
  targets: Metadata | undefined;
  delegated: ReadonlyMap<string, Metadata>;
  target: Buffer | undefined;
}

/**
 * A client for one target of a TUF repository, in its top-level targets or in those they delegate it to. `firstRoot` is trusted as it is; it may have expired, its successors may not.
 * `kept` is what an earlier client of the same first root had. Throws {@link TufProblem} when the first root is unusable.
 */
export function createTufClient(firstRoot: Uint8Array, targetName: string, kept?: KeptFiles): TufClient {
  const root = readMetadata(firstRoot, 'root');
  const content = readRoot(root);
  checkSignatures(root, content.roles.root);
  const trusted: Trusted = {
    root,
    content,
    roots: [],
    timestamp: undefined,
    snapshot: undefined,
    targets: undefined,
    delegated: new Map(),
    target: undefined,
  };
  if (kept !== undefined) takeUp(trusted, kept, targetName);
  return {
    refresh: (fetchFile, now) => refresh(trusted, fetchFile, now, targetName),
    get target() {
      return trusted.target;
    },
    get kept() {
      const { roots, timestamp, snapshot, targets, delegated, target } = trusted;
      return {
        roots,
        ...(timestamp && { timestamp: timestamp.bytes }),
        ...(snapshot && { snapshot: snapshot.bytes }),
        ...(targets && { targets: targets.bytes }),
        ...(delegated.size > 0 && { delegated: new Map([...delegated].map(([role, { bytes }]) => [role, bytes])) }),
        ...(target && { target }),
      };
    },
  };
}

async function refresh(trusted: Trusted, fetchFile: FetchFile, now: number, targetName: string): Promise<Buffer> {
  await followRoots(trusted, fetchFile);
  checkExpiry(trusted.root, now);
  dropWhatRotated(trusted);
  const timestamp = acceptTimestamp(trusted, await demand(fetchFile, 'timestamp.json', bounds.timestamp));
  checkExpiry(timestamp, now);
  trusted.timestamp = timestamp;
  const ofSnapshot = describedMetadata(timestamp, 'snapshot.json');
  const snapshot =
    reusable(trusted.snapshot, ofSnapshot) ??
    acceptSnapshot(trusted, await fetchRole(trusted, fetchFile, 'snapshot', ofSnapshot));
  checkExpiry(snapshot, now);
  trusted.snapshot = snapshot;
  const ofTargets = describedMetadata(snapshot, 'targets.json');
  const targets =
    reusable(trusted.targets, ofTargets) ??
    acceptTargets(trusted, await fetchRole(trusted, fetchFile, 'targets', ofTargets));
  checkExpiry(targets, now);
  const found = await findTarget(trusted, snapshot, targets, fetchFile, now, targetName);
  const target = await fetchTarget(trusted, found.described, fetchFile, targetName);
  trusted.targets = targets;
  trusted.delegated = found.delegated;
  trusted.target = target;
  return target;
}

/** §5.6.7. Delegated metadata that is there already is read again: who may sign it may have changed. */
async function findTarget(
  { content, delegated }: Trusted,
  snapshot: Metadata,
  targets: Metadata,
  fetchFile: FetchFile,
  now: number,
  name: string,
): Promise<FoundTarget> {
  const search = searchTarget(targets, snapshot, name, (metadata) => checkExpiry(metadata, now));
  let step = search.next();
  while (step.done !== true) {
    const { name: role, described } = step.value;
    const path = content.hasConsistentSnapshots ? `${described.version}.${role}.json` : `${role}.json`;
    const most = Math.min(described.length ?? bounds.targets, bounds.targets);
    const known = reusable(delegated.get(role), described);
    step = search.next(known?.bytes ?? (await demand(fetchFile, path, most)));
  }
  if (step.value === undefined) throw new TufProblem(`the repository has no target ${name}`);
  return step.value;
}

/** §5.3: each new root is signed by the one before it and by itself, and its version is the next. */
async function followRoots(trusted: Trusted, fetchFile: FetchFile): Promise<void> {
  for (let count = 0; ; count += 1) {
    const next = await fetchFile(`${trusted.root.version + 1}.root.json`, bounds.root);
    if (next === undefined) return;
    if (count >= maximumRotations) throw new TufProblem(`more than ${maximumRotations} new roots at once`);
    acceptRoot(trusted, next);
  }
}

function acceptRoot(trusted: Trusted, bytes: Uint8Array): void {
  const root = readMetadata(bytes, 'root');
  checkSignatures(root, trusted.content.roles.root);
  const content = readRoot(root);
  checkSignatures(root, content.roles.root);
  if (root.version !== trusted.root.version + 1) {
    throw new TufProblem(`root.json has version ${root.version} and not ${trusted.root.version + 1}`);
  }
  trusted.root = root;
  trusted.content = content;
  trusted.roots.push(root.bytes);
}

/** §5.3.11: versions signed by keys that count no longer protect nothing, and may have been driven up by their thief. */
function dropWhatRotated(trusted: Trusted): void {
  const { roles } = trusted.content;
  if (!isStillSigned(trusted.timestamp, roles.timestamp)) trusted.timestamp = undefined;
  if (!isStillSigned(trusted.snapshot, roles.snapshot)) trusted.snapshot = undefined;
  if (!isStillSigned(trusted.targets, roles.targets)) trusted.targets = undefined;
}

function isStillSigned(metadata: Metadata | undefined, keys: RootContent['roles'][RoleName]): boolean {
  if (metadata === undefined) return true;
  try {
    checkSignatures(metadata, keys);
    return true;
  } catch (error) {
    if (error instanceof TufProblem) return false;
    throw error;
  }
}

/** §5.4: never an older one, nor one that names an older snapshot; the same version is the one that is there. */
function acceptTimestamp(trusted: Trusted, bytes: Uint8Array): Metadata {
  const timestamp = readMetadata(bytes, 'timestamp');
  checkSignatures(timestamp, trusted.content.roles.timestamp);
  const known = trusted.timestamp;
  const { version } = describedMetadata(timestamp, 'snapshot.json');
  if (known === undefined) return timestamp;
  if (timestamp.version < known.version) throw rolledBack('timestamp.json', timestamp.version, known.version);
  if (timestamp.version === known.version) return known;
  const knownVersion = describedMetadata(known, 'snapshot.json').version;
  if (version < knownVersion) throw rolledBack('snapshot.json', version, knownVersion);
  return timestamp;
}

/** §5.5: what the timestamp describes, with no file older or gone. */
function acceptSnapshot(trusted: Trusted, snapshot: Metadata): Metadata {
  if (trusted.snapshot === undefined) return snapshot;
  const versions = listedVersions(snapshot);
  for (const [file, known] of listedVersions(trusted.snapshot)) {
    const version = versions.get(file);
    if (version === undefined) throw new TufProblem(`snapshot.json lists ${file} no longer`);
    if (version < known) throw rolledBack(file, version, known);
  }
  return snapshot;
}

/** §5.6. */
function acceptTargets(trusted: Trusted, targets: Metadata): Metadata {
  const known = trusted.targets;
  if (known !== undefined && targets.version < known.version) {
    throw rolledBack('targets.json', targets.version, known.version);
  }
  return targets;
}

function rolledBack(file: string, version: number, known: number): TufProblem {
  return new TufProblem(`${file} went back from version ${known} to ${version}`);
}

type Described = ReturnType<typeof describedMetadata>;

/** The file that is there already, when it is the one described. */
function reusable(metadata: Metadata | undefined, described: Described): Metadata | undefined {
  return metadata?.version === described.version && isDescribed(metadata.bytes, described) ? metadata : undefined;
}

async function fetchRole(
  { content }: Trusted,
  fetchFile: FetchFile,
  role: 'snapshot' | 'targets',
  described: Described,
): Promise<Metadata> {
  const file = `${role}.json`;
  const path = content.hasConsistentSnapshots ? `${described.version}.${file}` : file;
  const bytes = await demand(fetchFile, path, Math.min(described.length ?? bounds[role], bounds[role]));
  return readDescribed(bytes, role, content.roles[role], described);
}

/** §5.7. */
async function fetchTarget(
  { content, target }: Trusted,
  described: FoundTarget['described'],
  fetchFile: FetchFile,
  name: string,
): Promise<Buffer> {
  if (described.length > maximumTrustRootBytes) throw new TufProblem(`the target ${name} is too large`);
  if (target !== undefined && isDescribed(target, described)) return target;
  const hash = described.hashes.sha256 ?? described.hashes.sha512 ?? '';
  const path = content.hasConsistentSnapshots ? `targets/${hash}.${name}` : `targets/${name}`;
  if (!/^[0-9a-f]+$/.test(hash)) throw new TufProblem(`the hash of ${name} is malformed`);
  const bytes = Buffer.from(await demand(fetchFile, path, described.length));
  checkDescription(bytes, described, name);
  return bytes;
}

function isDescribed(bytes: Uint8Array, described: Parameters<typeof checkDescription>[1]): boolean {
  try {
    checkDescription(bytes, described, '');
    return true;
  } catch (error) {
    if (error instanceof TufProblem) return false;
    throw error;
  }
}

async function demand(fetchFile: FetchFile, path: string, maximumBytes: number): Promise<Uint8Array> {
  const bytes = await fetchFile(path, maximumBytes);
  if (bytes === undefined) throw new TufProblem(`the mirror has no ${path}`);
  return bytes;
}

function checkExpiry({ file, expires }: Metadata, now: number): void {
  if (expires <= now) throw new TufProblem(`${file} expired at ${new Date(expires).toISOString()}`);
}

/** Expired files count here: they still tell how far the repository had come, and what was believed last. */
function takeUp(trusted: Trusted, kept: KeptFiles, targetName: string): void {
  try {
    for (const bytes of kept.roots) acceptRoot(trusted, bytes);
    if (kept.timestamp === undefined) return;
    const timestamp = acceptTimestamp(trusted, kept.timestamp);
    trusted.timestamp = timestamp;
    if (kept.snapshot === undefined) return;
    const { content } = trusted;
    const { roles } = content;
    const ofSnapshot = describedMetadata(timestamp, 'snapshot.json');
    const snapshot = readDescribed(kept.snapshot, 'snapshot', roles.snapshot, ofSnapshot);
    trusted.snapshot = snapshot;
    if (kept.targets === undefined || kept.target === undefined) return;
    const ofTargets = describedMetadata(snapshot, 'targets.json');
    const targets = readDescribed(kept.targets, 'targets', roles.targets, ofTargets);
    const search = searchTarget(targets, snapshot, targetName, () => undefined);
    let step = search.next();
    while (step.done !== true) {
      const bytes = kept.delegated?.get(step.value.name);
      if (bytes === undefined) return;
      step = search.next(bytes);
    }
    if (step.value === undefined) return;
    checkDescription(kept.target, step.value.described, targetName);
    trusted.targets = targets;
    trusted.delegated = step.value.delegated;
    trusted.target = kept.target;
  } catch (error) {
    // What does not hold is as if it had never been kept; what held before it stays.
    if (!(error instanceof TufProblem)) throw error;
  }
}
