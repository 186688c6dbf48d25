import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createOperatorProcess } from './operator-process.ts';

let folder = '';
afterEach(() => rm(folder, { recursive: true, force: true }));

it('an operator that ended before it was ready is told of, and stopping it waits for nobody', async () => {
  folder = await mkdtemp(join(tmpdir(), 'vouchsafe-operator-process-'));
  const operator = createOperatorProcess({
    kubeconfig: join(folder, 'none'),
    registryMirrors: {},
    trustedRoot: join(folder, 'none'),
    logFile: join(folder, 'operator.log'),
    onReady: () => {},
    extraFlags: ['--no-such-flag'],
  });
  await expect(operator.start()).rejects.toThrow('the operator did not start: it ended with code');
  await operator.kill('SIGTERM');
  expect(operator.pid).toBeUndefined();
}, 20_000);
