import { createHash } from 'node:crypto';
import { compileWildcard, isJsonArray, isJsonObject, type Json, member, memberAt } from '@vouchsafe/engine/kernel';
import {
  describedMetadata,
  describedTarget,
  type FileDescription,
  type Metadata,
  type RoleKeys,
  readDescribed,
  readRoleKeys,
  roleNames,
} from './tuf-metadata.ts';
import { TufProblem } from './tuf-problem.ts';

/** A role that targets hand some of their names over to (TUF specification 1.0, §4.5). */
interface Delegation {
  readonly name: string;
  readonly keys: RoleKeys;
  readonly isTerminating: boolean;
  isFor(target: string): boolean;
}

/** Metadata that the search needs next. */
export interface WantedRole {
  readonly name: string;
  readonly described: FileDescription & { readonly version: number };
}

export interface FoundTarget {
  readonly described: FileDescription & { readonly length: number };
  /** The delegated metadata that was looked at, by role. */
  readonly delegated: ReadonlyMap<string, Metadata>;
}

/** As in other clients: roles that are looked at for one target, whoever delegates to whom. */
const maximumRoles = 32;
const maximumDelegations = 256;

/**
 * Looks for a target in the top-level targets and in those they delegate it to, in their order, depth first, each role once
 * (§5.6.7). Yields what it needs and is given the file's bytes. Every file is one that the snapshot lists, signed by the keys
 * its delegator names, and not expired; undefined when no role has the target. Throws {@link TufProblem}.
 */
export function* searchTarget(
  top: Metadata,
  snapshot: Metadata,
  target: string,
  checkExpiry: (metadata: Metadata) => void,
): Generator<WantedRole, FoundTarget | undefined, Uint8Array> {
  const delegated = new Map<string, Metadata>();
  let waiting: Delegation[] = [];
  for (let current: Metadata | undefined = top; current !== undefined; ) {
    const described = describedTarget(current, target);
    if (described !== undefined) return { described, delegated };
    const delegations = delegationsFor(current, target);
    const last = delegations.at(-1);
    // What comes after a terminating delegation is not asked.
    if (last?.isTerminating === true) waiting = [];
    waiting = [...delegations, ...waiting].filter(({ name }) => !delegated.has(name));
    const next = waiting.shift();
    if (next === undefined) return undefined;
    if (delegated.size >= maximumRoles) throw new TufProblem(`more than ${maximumRoles} roles are named for ${target}`);
    const file = `${next.name}.json`;
    const wanted = { name: next.name, described: describedMetadata(snapshot, file) };
    current = readDescribed(yield wanted, 'targets', next.keys, wanted.described, file);
    checkExpiry(current);
    delegated.set(next.name, current);
  }
  return undefined;
}

/** Those that are for the target, up to the first that ends the search. */
function delegationsFor(targets: Metadata, target: string): readonly Delegation[] {
  const fitting = readDelegations(targets).filter((one) => one.isFor(target));
  const end = fitting.findIndex(({ isTerminating }) => isTerminating);
  return end < 0 ? fitting : fitting.slice(0, end + 1);
}

function readDelegations({ signed, file }: Metadata): readonly Delegation[] {
  const delegations = member(signed, 'delegations');
  if (delegations === undefined || delegations === null) return [];
  const roles = memberAt(delegations, 'roles') ?? [];
  const keys = memberAt(delegations, 'keys') ?? {};
  if (memberAt(delegations, 'succinct_roles') !== undefined)
    throw new TufProblem(`${file} delegates to succinct roles`);
  if (!isJsonArray(roles) || !isJsonObject(keys)) throw new TufProblem(`the delegations of ${file} are malformed`);
  if (roles.length > maximumDelegations)
    throw new TufProblem(`${file} delegates to more than ${maximumDelegations} roles`);
  return roles.map((role) => {
    const name = memberAt(role, 'name');
    if (!isRoleName(name)) throw new TufProblem(`${file} delegates to a role whose name is not used here`);
    return {
      name,
      keys: readRoleKeys(keys, role, `${name}.json`, file),
      isTerminating: memberAt(role, 'terminating') === true,
      isFor: pathsOf(role, file),
    };
  });
}

/** A part of paths: nothing that leads elsewhere, and no name of a top-level role. */
function isRoleName(name: Json | undefined): name is string {
  if (typeof name !== 'string' || !/^[A-Za-z0-9_@-][A-Za-z0-9_.@-]{0,99}$/.test(name)) return false;
  return !roleNames.some((known) => known === name);
}

function pathsOf(role: Json, file: string): (target: string) => boolean {
  const patterns = textsOf(memberAt(role, 'paths'));
  const prefixes = textsOf(memberAt(role, 'path_hash_prefixes'));
  if ((patterns === undefined) === (prefixes === undefined)) {
    throw new TufProblem(`${file} does not say what it delegates`);
  }
  if (patterns !== undefined) return (target) => patterns.some((pattern) => isMatched(pattern, target));
  return (target) => {
    const hash = createHash('sha256').update(target).digest('hex');
    return prefixes?.some((prefix) => hash.startsWith(prefix)) === true;
  };
}

/** Wildcards stay within a part of the path (§4.5). */
function isMatched(pattern: string, target: string): boolean {
  const [wanted, parts] = [pattern.split('/'), target.split('/')];
  return wanted.length === parts.length && wanted.every((part, index) => compileWildcard(part)(parts[index] ?? ''));
}

function textsOf(list: Json | undefined): readonly string[] | undefined {
  if (!isJsonArray(list) || list.length > maximumDelegations) return undefined;
  return list.every((one) => typeof one === 'string') ? list.filter((one) => typeof one === 'string') : undefined;
}
