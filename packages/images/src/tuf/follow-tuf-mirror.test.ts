import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestRepository, type TestRepository } from '../../test/tuf-repository.ts';
import publicGood from '../trust/data/public-good-trusted-root.json' with { type: 'json' };
import publicGoodRoot from './data/public-good-tuf-root.json' with { type: 'json' };
import { type FollowTufOptions, followTufMirror, readTufTrustRoot } from './follow-tuf-mirror.ts';
import { createTufClient } from './tuf-client.ts';
import { createTufTrustRoots } from './tuf-trust-roots.ts';

const whole = JSON.stringify(publicGood);
const without = JSON.stringify({ ...publicGood, tlogs: [] });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Mirror {
  readonly url: string;
  readonly repository: TestRepository;
  answer: 'as it is' | 'away' | 'endless' | 'redirect to metadata';
}

async function startMirror(): Promise<Mirror> {
  const repository = createTestRepository(whole);
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace('/tuf/', '');
    const found = repository.files.get(path);
    if (mirror.answer === 'away') return void response.writeHead(503).end();
    if (mirror.answer === 'redirect to metadata') {
      return void response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
    }
    if (mirror.answer === 'endless') {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      return more();
    }
    if (found === undefined || found === 'endless') return void response.writeHead(404).end();
    response.end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // a TCP server
  const mirror: Mirror = { url: `http://127.0.0.1:${port}/tuf`, repository, answer: 'as it is' };
  return mirror;
}

const optionsOf = (mirror: Mirror): FollowTufOptions => ({
  mirror: mirror.url,
  root: mirror.repository.firstRoot.toString(),
  userAgent: 'test',
  everyMs: 5,
  retryMs: 5,
});

async function follow(mirror: Mirror, more: Partial<FollowTufOptions> = {}) {
  const problems: string[] = [];
  const followed = await followTufMirror({
    ...optionsOf(mirror),
    onProblem: (message) => problems.push(message),
    ...more,
  });
  if (!followed.ok) throw new Error(followed.message);
  cleanups.push(followed.stop);
  return { followed, problems };
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !holds(); i += 1) await delay(5);
  expect(holds()).toBe(true);
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-tuf-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('a TUF mirror', () => {
  it('is followed in the background', async () => {
    const mirror = await startMirror();
    const changes: number[] = [];
    const { followed } = await follow(mirror, { onChange: (root) => changes.push(root.transparencyLogs.length) });
    expect(followed.current().transparencyLogs.length).toBeGreaterThan(0);
    mirror.repository.publish({ target: without });
    await until(() => followed.current().transparencyLogs.length === 0);
    expect(changes).toEqual([0]);
  });

  it.each(['away', 'endless', 'redirect to metadata'] as const)(
    'leaves the last good root in use while it is %s',
    async (answer) => {
      const mirror = await startMirror();
      const { followed, problems } = await follow(mirror);
      const { hash } = followed.current();
      mirror.answer = answer;
      await until(() => problems.length > 0);
      expect(problems[0]).toContain(mirror.url);
      expect(followed.current().hash).toBe(hash);
      mirror.repository.publish({ target: without });
      mirror.answer = 'as it is';
      await until(() => followed.current().hash !== hash);
    },
  );

  it('that hands out what is no trust root leaves the last good one in use', async () => {
    const mirror = await startMirror();
    const { followed, problems } = await follow(mirror);
    const { hash } = followed.current();
    mirror.repository.publish({ target: '{"tlogs":1}' });
    await until(() => problems.length > 0);
    expect(problems[0]).toContain('malformed trust root');
    expect(followed.current().hash).toBe(hash);
  });

  it('is needed to begin with, unless an earlier process kept what it believed', async () => {
    const mirror = await startMirror();
    mirror.answer = 'away';
    expect(await followTufMirror(optionsOf(mirror))).toMatchObject({ ok: false });
    const folder = temporaryFolder();
    mirror.answer = 'as it is';
    const first = await follow(mirror, { folder });
    first.followed.stop();
    mirror.answer = 'away';
    const { followed, problems } = await follow(mirror, { folder });
    expect(followed.current().hash).toBe(first.followed.current().hash);
    expect(problems).toHaveLength(1);
    expect(await readTufTrustRoot({ ...optionsOf(mirror), folder })).toMatchObject({ ok: true });
    followed.stop();
    for (const file of readdirSync(folder)) writeFileSync(join(folder, file), '{"roots":["?"],"target":"e30="}');
    expect(await followTufMirror({ ...optionsOf(mirror), folder })).toMatchObject({ ok: false });
  });

  it.each<[string, Partial<FollowTufOptions>, string]>([
    ['without its root', { mirror: 'https://tuf.example' }, 'needs its root.json'],
    ['that is no URL', { mirror: 'ftp://tuf.example', root: '{}' }, 'not an http or https URL'],
    ['with a root that is none', { mirror: 'https://tuf.example', root: '{}' }, 'root.json is not TUF metadata'],
    ['at a metadata address', { mirror: 'http://169.254.169.254' }, 'refused'],
  ])('%s is a message', async (_name, options, message) => {
    const mirror = await startMirror();
    const { root, ...rest } = optionsOf(mirror);
    const given = 'root' in options || options.mirror === 'https://tuf.example' ? {} : { root: root ?? '' };
    const followed = await followTufMirror({ ...rest, ...given, ...options });
    expect(followed).toMatchObject({ ok: false, message: expect.stringContaining(message) });
  });

  it('is not looked for on loopback when a policy names it', async () => {
    const mirror = await startMirror();
    const followed = await followTufMirror({ ...optionsOf(mirror), mayBeLoopback: false });
    expect(followed).toMatchObject({ ok: false, message: expect.stringContaining('loopback') });
    const roots = createTufTrustRoots({ userAgent: 'test', environment: {}, isMapped: () => false });
    cleanups.push(() => roots.stop());
    const repository = { mirror: mirror.url, root: mirror.repository.firstRoot.toString() };
    await expect(roots.current(repository, AbortSignal.timeout(2000))).rejects.toThrow('loopback');
  });

  it('begins with the built-in root for the public-good mirror', () => {
    expect(createTufClient(Buffer.from(JSON.stringify(publicGoodRoot)), 'trusted_root.json').target).toBeUndefined();
  });
});
