import { createHash } from 'node:crypto';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import { decodeHex, parseJsonObject } from '../trust/encoded-text.ts';
import { canonicalMetadata } from './canonical-metadata.ts';
import { readTufKey, type TufKey } from './tuf-keys.ts';
import { TufProblem } from './tuf-problem.ts';

export const roleNames = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type RoleName = (typeof roleNames)[number];

/** A file of metadata whose form was read; whether it is to be believed is asked of a {@link RoleKeys}. */
export interface Metadata {
  readonly role: RoleName;
  /** For messages: `targets.json`; of a delegated role its own name. */
  readonly file: string;
  readonly version: number;
  /** Milliseconds. */
  readonly expires: number;
  readonly signed: JsonObject;
  /** What the signatures are over. */
  readonly signedBytes: Buffer;
  readonly signatures: readonly { readonly keyId: string; readonly signature: Buffer }[];
  /** The file as it was sent. */
  readonly bytes: Buffer;
}

/** Who may sign a role, and how many of them must. */
export interface RoleKeys {
  readonly keys: ReadonlyMap<string, TufKey>;
  readonly threshold: number;
}

export interface RootContent {
  readonly roles: Readonly<Record<RoleName, RoleKeys>>;
  readonly hasConsistentSnapshots: boolean;
}

/** What one file says of another. */
export interface FileDescription {
  readonly version: number | undefined;
  readonly length: number | undefined;
  /** Hex by algorithm; those that are known here. */
  readonly hashes: Readonly<Partial<Record<'sha256' | 'sha512', string>>>;
}

const maximumSignatures = 64;
const specification = /^1\.\d+(?:\.\d+)?$/;

/** Reads the envelope and the members all roles have (TUF specification 1.0, §4.3). Throws {@link TufProblem}. */
export function readMetadata(bytes: Uint8Array, role: RoleName, file = `${role}.json`): Metadata {
  const document = parseJsonObject(bytes);
  const signed = document === undefined ? undefined : member(document, 'signed');
  const list = document === undefined ? undefined : member(document, 'signatures');
  if (!isJsonObject(signed) || !isJsonArray(list)) throw new TufProblem(`${file} is not TUF metadata`);
  if (list.length > maximumSignatures) throw new TufProblem(`${file} holds more than ${maximumSignatures} signatures`);
  if (member(signed, '_type') !== role) throw new TufProblem(`${file} is metadata of another role`);
  const spec = member(signed, 'spec_version');
  if (typeof spec !== 'string' || !specification.test(spec)) {
    throw new TufProblem(`${file} is not of version 1 of the TUF specification`);
  }
  const signatures = list.flatMap((item) => {
    const keyId = memberAt(item, 'keyid');
    const signature = decodeHex(memberAt(item, 'sig'));
    return typeof keyId === 'string' && signature !== undefined ? [{ keyId, signature }] : [];
  });
  const version = positive(member(signed, 'version'), `the version of ${file}`);
  const expires = timeOf(member(signed, 'expires'), file);
  const signedBytes = canonicalMetadata(signed);
  return { role, file, version, expires, signed, signedBytes, signatures, bytes: Buffer.from(bytes) };
}

/** Counts each key once, whatever names it goes by. Throws {@link TufProblem} below the threshold. */
export function checkSignatures(metadata: Metadata, { keys, threshold }: RoleKeys): void {
  const signers = new Set<string>();
  for (const { keyId, signature } of metadata.signatures) {
    const key = keys.get(keyId);
    if (key?.hasSigned(metadata.signedBytes, signature) === true) signers.add(key.fingerprint);
  }
  if (signers.size < threshold) {
    throw new TufProblem(`${metadata.file} is signed by ${signers.size} of the ${threshold} keys it needs`);
  }
}

/** The keys of all roles. Keys of an unknown kind are left out: they count for no threshold. */
export function readRoot({ signed }: Metadata): RootContent {
  const known = member(signed, 'keys');
  if (!isJsonObject(known)) throw new TufProblem('root.json holds no keys');
  const rolesOf = (role: RoleName): RoleKeys =>
    readRoleKeys(known, memberAt(signed, 'roles', role), `${role}.json`, 'root.json');
  return {
    roles: {
      root: rolesOf('root'),
      timestamp: rolesOf('timestamp'),
      snapshot: rolesOf('snapshot'),
      targets: rolesOf('targets'),
    },
    hasConsistentSnapshots: member(signed, 'consistent_snapshot') === true,
  };
}

/** Who signs a file, by the word of another: `role` names some of the `known` keys. */
export function readRoleKeys(known: JsonObject, role: Json | undefined, file: string, by: string): RoleKeys {
  const ids = memberAt(role, 'keyids');
  if (!isJsonArray(ids) || ids.length > maximumSignatures) throw new TufProblem(`${by} does not say who signs ${file}`);
  const keys = new Map<string, TufKey>();
  for (const id of ids) {
    const key = typeof id === 'string' ? readTufKey(member(known, id)) : undefined;
    if (typeof id === 'string' && key !== undefined) keys.set(id, key);
  }
  return { keys, threshold: positive(memberAt(role, 'threshold'), `the threshold of ${file}`) };
}

/** Bytes, signatures and version are the described ones: nothing of another state of the repository is mixed in. */
export function readDescribed(
  bytes: Uint8Array,
  role: RoleName,
  keys: RoleKeys,
  described: FileDescription & { readonly version: number },
  file = `${role}.json`,
): Metadata {
  checkDescription(bytes, described, file);
  const metadata = readMetadata(bytes, role, file);
  checkSignatures(metadata, keys);
  if (metadata.version !== described.version) {
    throw new TufProblem(`${file} has version ${metadata.version} and not ${described.version}`);
  }
  return metadata;
}

/** What timestamp.json or snapshot.json says of metadata: its version is always given. */
export function describedMetadata({ signed, role }: Metadata, file: string): FileDescription & { version: number } {
  const description = describe(memberAt(signed, 'meta', file), `${role}.json on ${file}`);
  return { ...description, version: positive(description.version, `the version of ${file} in ${role}.json`) };
}

/** What targets.json says of a target: its length and a hash are always given. Undefined when it has none of that name. */
export function describedTarget(
  { signed, file }: Metadata,
  name: string,
): (FileDescription & { length: number }) | undefined {
  const found = memberAt(signed, 'targets', name);
  if (found === undefined) return undefined;
  const { length, ...rest } = describe(found, `${file} on ${name}`);
  if (length === undefined || Object.keys(rest.hashes).length === 0) {
    throw new TufProblem(`${file} does not say the length and the hash of ${name}`);
  }
  return { ...rest, length };
}

function describe(value: Json | undefined, where: string): FileDescription {
  if (!isJsonObject(value)) throw new TufProblem(`${where} says nothing`);
  const optional = (name: string) => {
    const found = member(value, name);
    return found === undefined ? undefined : positive(found, `the ${name} in ${where}`);
  };
  const hashes: Partial<Record<'sha256' | 'sha512', string>> = {};
  for (const name of ['sha256', 'sha512'] as const) {
    const found = memberAt(value, 'hashes', name);
    if (found === undefined) continue;
    if (typeof found !== 'string') throw new TufProblem(`${where} holds a hash that is none`);
    hashes[name] = found;
  }
  const given = member(value, 'hashes');
  if (isJsonObject(given) && Object.keys(given).length > 0 && Object.keys(hashes).length === 0) {
    throw new TufProblem(`${where} has no hash that is known here`);
  }
  return { version: optional('version'), length: optional('length'), hashes };
}

/** Whether a file is the one that was described, as far as it was. Throws {@link TufProblem}. */
export function checkDescription(bytes: Uint8Array, { length, hashes }: FileDescription, file: string): void {
  if (length !== undefined && bytes.length !== length)
    throw new TufProblem(`${file} has not the length it should have`);
  for (const [name, wanted] of Object.entries(hashes)) {
    if (createHash(name).update(bytes).digest('hex') !== wanted) {
      throw new TufProblem(`${file} has not the ${name} hash it should have`);
    }
  }
}

/** The names of all files that a snapshot lists, with their versions. */
export function listedVersions({ signed }: Metadata): ReadonlyMap<string, number> {
  const meta = member(signed, 'meta');
  if (!isJsonObject(meta)) throw new TufProblem('snapshot.json lists nothing');
  return new Map(
    Object.entries(meta).map(([file, description]) => [
      file,
      positive(memberAt(description, 'version'), `the version of ${file} in snapshot.json`),
    ]),
  );
}

function positive(value: Json | undefined, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw new TufProblem(`${what} is not a whole number above 0`);
  }
  return value;
}

function timeOf(value: Json | undefined, file: string): number {
  const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(value);
  const time = isTime ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw new TufProblem(`${file} does not say when it expires`);
  return time;
}
