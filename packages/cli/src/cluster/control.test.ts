import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clusterFolder, readClusterState, removeClusterState, writeClusterState } from './cluster-state.ts';
import { askControl, startControl } from './control.ts';

describe('the control socket', () => {
  it('answers, and tells a failure as one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-control-'));
    const path = join(folder, 'control.sock');
    const control = await startControl(path, async (request) => {
      if (request.ask === 'reset') throw new Error('not now');
      return { asked: request.ask };
    });
    expect(await askControl(path, { ask: 'status' })).toEqual({ asked: 'status' });
    await expect(askControl(path, { ask: 'reset' })).rejects.toThrow('not now');
    await control.stop();
    await expect(askControl(path, { ask: 'status' })).rejects.toThrow();
    await rm(folder, { recursive: true });
  });
});

describe('the state of a sandbox', () => {
  it('is read while its process lives, and counts as none afterwards', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-state-'));
    const state = {
      pid: process.pid,
      startedAt: '',
      apiServer: '',
      registry: '',
      sigstore: '',
      kubeconfig: '',
      trustedRoot: '',
      controlSocket: '',
      isPersistent: false,
    };
    expect(await readClusterState(folder)).toBeUndefined();
    await writeClusterState(folder, state);
    expect(await readClusterState(folder)).toEqual(state);
    await writeClusterState(folder, { ...state, pid: 2 ** 30 });
    expect(await readClusterState(folder)).toBeUndefined();
    await removeClusterState(folder);
    await rm(folder, { recursive: true });
  });

  it.each([
    ['the flag', 'here', { VOUCHSAFE_HOME: '/else' }, '/cwd/here'],
    ['the variable', undefined, { VOUCHSAFE_HOME: '/else' }, '/else'],
    ['the working folder', undefined, {}, '/cwd/.vouchsafe'],
  ])('lives where %s says', (_, home, env, expected) => {
    expect(clusterFolder(home, env, '/cwd')).toBe(expected);
  });
});
