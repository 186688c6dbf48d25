import { describe, expect, it } from 'vitest';
import { createTestRepository, fetchFrom, type Publication, type TestRepository } from '../../test/tuf-repository.ts';
import { createTufClient, type TufClient } from './tuf-client.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const day = 86_400_000;
const target = 'trusted_root.json';

function setUp(): { repository: TestRepository; client: TufClient; refresh: (at?: number) => Promise<string> } {
  const repository = createTestRepository('first');
  const client = createTufClient(repository.firstRoot, target);
  const refresh = (at = now) => client.refresh(fetchFrom(repository), at).then(String);
  return { repository, client, refresh };
}

/** Files of `other` in place of those of `repository`. */
function bringBack(
  repository: TestRepository,
  other: ReadonlyMap<string, Buffer | 'endless'>,
  ...paths: string[]
): void {
  for (const path of paths) repository.files.set(path, other.get(path) ?? Buffer.alloc(0));
}

describe('a TUF repository', () => {
  it('gives its target, and asks again only for what is new', async () => {
    const { repository, refresh } = setUp();
    expect(await refresh()).toBe('first');
    repository.asked.length = 0;
    expect(await refresh()).toBe('first');
    expect(repository.asked).toEqual(['2.root.json', 'timestamp.json']);
    repository.publish({ target: 'second', meta: 'with-hashes' });
    expect(await refresh()).toBe('second');
  });

  it.each<[string, Publication]>([
    ['all keys', { rotate: ['root', 'timestamp', 'snapshot', 'targets'] }],
    ['the key of the timestamp', { rotate: ['timestamp'] }],
    ['none of its keys', { newRoot: true }],
  ])('may rotate %s', async (_name, change) => {
    const { repository, refresh } = setUp();
    await refresh();
    repository.publish({ ...change, target: 'second' });
    repository.publish({ ...change, target: 'third' });
    expect(await refresh()).toBe('third');
    const late = createTufClient(repository.firstRoot, target);
    expect(String(await late.refresh(fetchFrom(repository), now))).toBe('third');
  });

  it('recovers from a thief who drove versions up, by new keys', async () => {
    const { repository, refresh } = setUp();
    repository.publish({ versions: { timestamp: 1_000_000, snapshot: 1_000_000 } });
    await refresh();
    repository.publish({
      rotate: ['timestamp', 'snapshot'],
      versions: { timestamp: 3, snapshot: 3 },
      target: 'second',
    });
    expect(await refresh()).toBe('second');
  });

  it('is taken up where an earlier client left it', async () => {
    const { repository, client, refresh } = setUp();
    const old = repository.snapshot();
    repository.publish({ target: 'second', newRoot: true });
    await refresh();
    const next = createTufClient(repository.firstRoot, target, client.kept);
    expect(String(next.target)).toBe('second');
    bringBack(repository, old, 'timestamp.json');
    await expect(next.refresh(fetchFrom(repository), now)).rejects.toThrow('timestamp.json went back');
    expect(String(next.target)).toBe('second');
    const forged = createTufClient(repository.firstRoot, target, { ...client.kept, target: Buffer.from('forged') });
    expect(forged.target).toBeUndefined();
  });
});

describe('attacks on a TUF repository', () => {
  it.each<[string, Publication, string]>([
    ['a freeze: the timestamp expired', { expires: { timestamp: now - 1 } }, 'timestamp.json expired'],
    ['a freeze: the snapshot expired', { expires: { snapshot: now } }, 'snapshot.json expired'],
    ['expired targets', { expires: { targets: now - day } }, 'targets.json expired'],
    ['a root that expired', { expires: { root: now - day } }, 'root.json expired'],
    ['a timestamp of a key nobody named', { forge: ['timestamp'] }, 'timestamp.json is signed by 0 of the 1'],
    ['a snapshot of a key nobody named', { forge: ['snapshot'] }, 'snapshot.json is signed by 0 of the 1'],
    ['targets of a key nobody named', { forge: ['targets'], target: 'forged' }, 'targets.json is signed by 0 of the 1'],
    ['a root below its threshold', { newRoot: true, rootSignatures: 1 }, 'root.json is signed by 1 of the 2'],
    ['a root of keys nobody named', { newRoot: true, forge: ['root'] }, 'root.json is signed by 0 of the 2'],
    [
      'a root that names other root keys, signed by these alone',
      { rotate: ['root'], forge: ['root'] },
      'root.json is signed by 0 of the 2',
    ],
    [
      'a root signed by the old keys alone, though it names new ones',
      { rotate: ['root'], rootSignatures: 2 },
      'root.json is signed by 0 of the 2',
    ],
    ['a timestamp that goes back', { versions: { timestamp: 1 } }, 'timestamp.json went back from version 2 to 1'],
    ['a timestamp that names an older snapshot', { versions: { snapshot: 1 } }, 'snapshot.json went back'],
    ['a snapshot that names older targets', { versions: { targets: 1 } }, 'targets.json went back'],
  ])('%s: refused, and the last good target stays', async (_name, change, message) => {
    const { repository, client, refresh } = setUp();
    repository.publish();
    await refresh();
    repository.publish(change);
    await expect(refresh()).rejects.toThrow(message);
    expect(String(client.target)).toBe('first');
  });

  it('the same timestamp for ever: refused when it expires', async () => {
    const { repository, refresh } = setUp();
    repository.publish({ expires: { timestamp: now + day } });
    expect(await refresh()).toBe('first');
    await expect(refresh(now + 2 * day)).rejects.toThrow('timestamp.json expired');
  });

  it('mix and match: metadata of two states is not put together', async () => {
    const { repository, refresh } = setUp();
    const old = repository.snapshot();
    repository.publish({ target: 'second' });
    const snapshot = repository.files.get('2.snapshot.json');
    bringBack(repository, new Map([['2.snapshot.json', old.get('1.snapshot.json') ?? '']] as never), '2.snapshot.json');
    await expect(refresh()).rejects.toThrow('snapshot.json has version 1 and not 2');
    repository.files.set('2.snapshot.json', snapshot ?? Buffer.alloc(0));
    repository.files.set('2.targets.json', old.get('1.targets.json') ?? Buffer.alloc(0));
    await expect(refresh()).rejects.toThrow('targets.json has version 1 and not 2');
  });

  it.each(['2.snapshot.json', '2.targets.json'])('%s that is not the one described', async (path) => {
    const { repository, refresh } = setUp();
    repository.publish({ meta: 'with-hashes' });
    repository.files.set(path, Buffer.concat([repository.files.get(path) as Buffer, Buffer.from(' ')]));
    await expect(refresh()).rejects.toThrow(/too many bytes|length/);
  });

  it('another file in place of the target, of the same length', async () => {
    const { repository, refresh } = setUp();
    const [path = ''] = [...repository.files.keys()].filter((name) => name.startsWith('targets/'));
    repository.files.set(path, Buffer.from('FIRST'));
    await expect(refresh()).rejects.toThrow('sha256');
  });

  it.each(['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json'])('%s without end', async (path) => {
    const { repository, refresh } = setUp();
    repository.files.set(path, 'endless');
    await expect(refresh()).rejects.toThrow('too many bytes');
  });

  it('roots without end', async () => {
    const { repository, refresh } = setUp();
    for (let count = 0; count < 70; count += 1) repository.publish({ newRoot: true });
    await expect(refresh()).rejects.toThrow('more than 64 new roots');
  });

  it('one key under many names counts once', async () => {
    const { repository } = setUp();
    const document = JSON.parse(repository.firstRoot.toString());
    const [first, second] = document.signed.roles.root.keyids;
    document.signed.keys[second] = document.signed.keys[first];
    expect(() => createTufClient(Buffer.from(JSON.stringify(document)), target)).toThrow('signed by 0 of the 2');
  });

  it.each([
    ['nothing', ''],
    ['no metadata', '[]'],
    ['metadata of another role', 'timestamp'],
    ['nesting without end', `{"signed":${'['.repeat(50_000)}${']'.repeat(50_000)},"signatures":[]}`],
    ['a member that is nested without end', 'deep'],
    ['a fraction as its version', 'fraction'],
    ['no time', 'time'],
  ])('a root that is %s', (_name, text) => {
    const { repository } = setUp();
    const document = JSON.parse(repository.firstRoot.toString());
    const edits: Record<string, () => void> = {
      timestamp: () => Object.assign(document.signed, { _type: 'timestamp' }),
      deep: () => Object.assign(document.signed, { x: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) }),
      fraction: () => Object.assign(document.signed, { version: 1.5 }),
      time: () => Object.assign(document.signed, { expires: '2040-13-45T00:00:00Z' }),
    };
    edits[text]?.();
    const bytes = Buffer.from(text in edits ? JSON.stringify(document) : text);
    expect(() => createTufClient(bytes, target)).toThrow(expect.objectContaining({ name: 'TufProblem' }));
  });
});
