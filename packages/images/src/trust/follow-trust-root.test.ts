import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import publicGood from './data/public-good-trusted-root.json' with { type: 'json' };
import { type FollowOptions, followTrustRoot } from './follow-trust-root.ts';

let folder: string;
const stops: (() => void)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vouchsafe-root-'));
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  rmSync(folder, { recursive: true });
});

const whole = JSON.stringify(publicGood);
const without = JSON.stringify({ ...publicGood, tlogs: [] });

async function follow(path: string, options: FollowOptions = {}) {
  const followed = await followTrustRoot(path, { everyMs: 5, ...options });
  if (!followed.ok) throw new Error(followed.message);
  stops.push(followed.stop);
  return followed;
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !holds(); i += 1) await delay(5);
  expect(holds()).toBe(true);
}

describe('a trust root in a file', () => {
  it('is used as it is now, and as it was while it cannot be used', async () => {
    const file = join(folder, 'root.json');
    writeFileSync(file, whole);
    const problems: string[] = [];
    const followed = await follow(file, { onProblem: (message) => problems.push(message) });
    const first = followed.current().hash;
    writeFileSync(file, '{"tlogs": [');
    await until(() => problems.length > 0);
    expect(followed.current().hash).toBe(first);
    rmSync(file);
    await until(() => problems.length > 1);
    expect(followed.current().transparencyLogs.length).toBeGreaterThan(0);
    writeFileSync(file, without);
    await until(() => followed.current().hash !== first);
    expect(followed.current().transparencyLogs).toEqual([]);
    expect(problems).toHaveLength(2);
  });

  it('follows the links of a mounted ConfigMap', async () => {
    for (const [name, text] of [
      ['..1', whole],
      ['..2', without],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'root.json'), text);
    }
    symlinkSync('..1', join(folder, '..data'));
    symlinkSync('..data/root.json', join(folder, 'root.json'));
    const followed = await follow(join(folder, 'root.json'));
    symlinkSync('..2', join(folder, '..next'));
    renameSync(join(folder, '..next'), join(folder, '..data'));
    await until(() => followed.current().transparencyLogs.length === 0);
  });

  it('that is unusable from the start is not followed', async () => {
    expect(await followTrustRoot(join(folder, 'absent.json'))).toMatchObject({
      ok: false,
      message: expect.stringContaining('ENOENT'),
    });
  });
});
