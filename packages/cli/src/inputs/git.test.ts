import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkoutRepository, parseRepository } from './git.ts';
import { isRepository } from './read-source.ts';

describe('the address of a repository', () => {
  it.each([
    ['https://host/o/r', '', 'main', ''],
    ['https://host/o/r/', '', 'main', ''],
    ['https://host/o/r/release/1.0', '', 'release/1.0', ''],
    ['https://host/o/r/policies/best', 'dev', 'dev', 'policies/best'],
  ])('%s with branch %j is branch %s, folder %j', (url, given, branch, folder) => {
    expect(parseRepository(url, given)).toEqual({ repository: 'https://host/o/r', branch, folder });
  });

  it('needs an owner and a repository', () => {
    expect(() => parseRepository('https://host/only', '')).toThrow('failed to parse URL (invalid URL path /only');
  });

  it('is any URL', () => {
    expect(['https://x/y', 'http://x', 'policies/', '-'].map(isRepository)).toEqual([true, true, false, false]);
  });
});

describe('a checkout', () => {
  afterEach(() => vi.unstubAllEnvs());

  /** A repository on disk under an address of the web. */
  function serveLocally(): void {
    const origin = mkdtempSync(join(tmpdir(), 'origin-'));
    const git = (...args: readonly string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
        cwd: origin,
        stdio: 'pipe',
      });
    git('init', '--quiet', '--initial-branch', 'main');
    writeFileSync(join(origin, 'policy.yaml'), 'kind: X\n');
    git('add', '.');
    git('commit', '--quiet', '-m', 'first');
    vi.stubEnv('GIT_CONFIG_COUNT', '1');
    vi.stubEnv('GIT_CONFIG_KEY_0', `url.file://${origin}.insteadOf`);
    vi.stubEnv('GIT_CONFIG_VALUE_0', 'https://git.example.com/o/r');
  }

  it('holds the branch, and is gone when it is removed', async () => {
    serveLocally();
    const { folder, remove } = await checkoutRepository('https://git.example.com/o/r/main', '', {});
    expect(readFileSync(join(folder, 'policy.yaml'), 'utf8')).toBe('kind: X\n');
    await remove();
    expect(existsSync(folder)).toBe(false);
  });

  it('of a branch that does not exist is told', async () => {
    serveLocally();
    await expect(checkoutRepository('https://git.example.com/o/r/none', '', {})).rejects.toThrow(
      'failed to clone repository https://git.example.com/o/r',
    );
  });
});
