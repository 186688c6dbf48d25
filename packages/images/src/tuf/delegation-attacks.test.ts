import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTestRepository, type DelegatedRole, fetchFrom } from '../../test/tuf-repository.ts';
import { createFileKeeper } from './kept-files.ts';
import { createTufClient } from './tuf-client.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const target = 'trusted_root.json';
const hash = createHash('sha256').update(target).digest('hex');

function setUp() {
  const repository = createTestRepository('top');
  const client = createTufClient(repository.firstRoot, target);
  const refresh = (at = now) => client.refresh(fetchFrom(repository), at).then(String);
  const publish = (...delegations: DelegatedRole[]) => repository.publish({ delegations });
  return { repository, client, refresh, publish };
}

/** `deep` roles, each delegating to the next; the last has the target. */
function chain(deep: number, at = 1): DelegatedRole {
  if (at === deep) return { name: `role-${at}`, target: 'found' };
  return { name: `role-${at}`, delegations: [chain(deep, at + 1)] };
}

describe('delegated targets', () => {
  it.each<[string, readonly DelegatedRole[]]>([
    ['of a role', [{ name: 'one', target: 'found' }]],
    ['of a role of a role', [chain(3)]],
    ['of the second role, where the first has none', [{ name: 'one' }, { name: 'two', target: 'found' }]],
    [
      'of the first role that has it',
      [
        { name: 'one', target: 'found' },
        { name: 'two', target: 'other' },
      ],
    ],
    [
      'depth first',
      [
        { name: 'one', delegations: [{ name: 'below', target: 'found' }] },
        { name: 'two', target: 'other' },
      ],
    ],
    ['by a pattern', [{ name: 'one', paths: ['a/*', 'trusted_????.json'], target: 'found' }]],
    ['by the hash of its name', [{ name: 'one', prefixes: [hash.slice(0, 2)], target: 'found' }]],
    [
      'before the search ends',
      [{ name: 'one', isTerminating: true, delegations: [{ name: 'below', target: 'found' }] }],
    ],
  ])('are found: %s', async (_name, delegations) => {
    const { refresh, publish } = setUp();
    publish(...delegations);
    expect(await refresh()).toBe('found');
  });

  it('are asked for when they are new, follow changes, and are kept for the next process', async () => {
    const { repository, client, refresh, publish } = setUp();
    publish(chain(2));
    await refresh();
    repository.asked.length = 0;
    await refresh();
    expect(repository.asked).toEqual(['2.root.json', 'timestamp.json']);
    const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-tuf-'));
    try {
      const keeper = createFileKeeper(folder, 'https://tuf.test', repository.firstRoot);
      await keeper.save(client.kept);
      const kept = await keeper.load();
      const next = createTufClient(repository.firstRoot, target, kept);
      expect(String(next.target)).toBe('found');
      const forged = new Map([...(kept?.delegated ?? [])].map(([role]) => [role, Buffer.from('{}')]));
      expect(
        createTufClient(repository.firstRoot, target, { roots: [], ...kept, delegated: forged }).target,
      ).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
    publish({ name: 'role-1', delegations: [{ name: 'role-2', target: 'second' }] });
    expect(await refresh()).toBe('second');
  });
});

describe('attacks on delegated targets', () => {
  const wrong = { name: 'one', target: 'found' };
  it.each<[string, readonly DelegatedRole[], string]>([
    ['signed by a key nobody named', [{ ...wrong, defect: 'forged' }], 'one.json is signed by 0 of the 1'],
    ['that expired', [{ ...wrong, expires: now - 1 }], 'one.json expired'],
    ['that the snapshot does not list', [{ ...wrong, defect: 'unlisted' }], 'snapshot.json on one.json'],
    ['that the mirror does not have', [{ ...wrong, defect: 'missing' }], 'has no 2.one.json'],
    ['for other names', [{ ...wrong, paths: ['registry.npmjs.org/*', 'trusted_root.jso', '*/*'] }], 'has no target'],
    ['for names of another hash', [{ ...wrong, prefixes: [hash.slice(1, 9)] }], 'has no target'],
    [
      'below one for other names',
      [{ name: 'one', paths: ['x/*'], delegations: [{ name: 'below', target: 'found' }] }],
      'has no target',
    ],
    [
      'after one that ends the search',
      [
        { name: 'one', isTerminating: true },
        { name: 'two', target: 'found' },
      ],
      'has no target',
    ],
    [
      'named like a top-level role',
      [{ ...wrong, edit: (role) => Object.assign(role, { name: 'timestamp' }) }],
      'a role whose name',
    ],
    [
      'named like a path',
      [{ ...wrong, edit: (role) => Object.assign(role, { name: '../targets' }) }],
      'a role whose name',
    ],
    ['of no key', [{ ...wrong, edit: (role) => Object.assign(role, { keyids: [] }) }], 'signed by 0 of the 1'],
    [
      'of no threshold',
      [{ ...wrong, edit: (role) => Object.assign(role, { threshold: 0 }) }],
      'the threshold of one.json',
    ],
    [
      'of a threshold beyond its keys',
      [{ ...wrong, edit: (role) => Object.assign(role, { threshold: 2 }) }],
      'signed by 1 of the 2',
    ],
    [
      'for everything and nothing',
      [{ ...wrong, edit: (role) => Object.assign(role, { path_hash_prefixes: [''] }) }],
      'does not say what',
    ],
    ['for nothing', [{ ...wrong, edit: (role) => delete role['paths'] }], 'does not say what'],
    ['without end', [chain(60)], 'more than 32 roles'],
    [
      'beside each other without end',
      Array.from({ length: 60 }, (_, at) => ({ name: `role-${at}` })),
      'more than 32 roles',
    ],
    [
      'by the thousand',
      Array.from({ length: 300 }, (_, at) => ({ name: `role-${at}`, paths: ['x'] })),
      'more than 256 roles',
    ],
  ])('a role %s: refused, and the last good target stays', async (_name, delegations, message) => {
    const { client, refresh, publish } = setUp();
    await refresh();
    publish(...delegations);
    await expect(refresh()).rejects.toThrow(message);
    expect(String(client.target)).toBe('top');
  });

  it('roles that delegate to each other are looked at once', async () => {
    const { repository, refresh, publish } = setUp();
    publish({ name: 'one', delegations: [{ name: 'two', delegations: [{ name: 'one' }] }] });
    await expect(refresh()).rejects.toThrow();
    expect(repository.asked.filter((path) => path.endsWith('.one.json'))).toHaveLength(1);
  });

  it('an older file of a role: refused', async () => {
    const { client, refresh, publish } = setUp();
    publish({ name: 'one', target: 'found', version: 7 });
    await refresh();
    publish({ name: 'one', target: 'older', version: 6 });
    await expect(refresh()).rejects.toThrow('one.json went back from version 7 to 6');
    expect(String(client.target)).toBe('found');
  });

  it('a role whose keys its delegator took away counts no longer, though its file is there already', async () => {
    const { client, refresh, publish } = setUp();
    publish({ name: 'one', target: 'found', version: 3 });
    await refresh();
    publish({ name: 'one', target: 'found', version: 3, edit: (role) => Object.assign(role, { keyids: [] }) });
    await expect(refresh()).rejects.toThrow('one.json is signed by 0 of the 1');
    expect(String(client.target)).toBe('found');
  });
});
