import { expect, it } from 'vitest';
import { runCaptured } from '../../flags/run-captured.fixture.ts';
import { versionCommand } from './version-command.ts';

it.each([
  [[], /^Version: \d+\.\d+\.\d+\nTime: now\nGit commit ID: ---\n$/],
  [['-o', 'json'], /^\{\n {2}"version": "\d+\.\d+\.\d+",\n {2}"time": "now",\n {2}"gitCommitId": "---"\n\}\n$/],
  [['-o', 'yaml'], /^gitCommitId: ---\ntime: now\nversion: \d+\.\d+\.\d+\n\n$/],
])('version %j', async (args, expected) => {
  expect((await runCaptured(versionCommand, args, { env: { VOUCHSAFE_BUILD_TIME: 'now' } })).stdout).toMatch(expected);
});

it('of an unknown format is refused', async () => {
  expect(await runCaptured(versionCommand, ['-o', 'xml'])).toMatchObject({
    code: 1,
    stderr: 'Error: invalid output format: xml (supported formats: json, yaml)\n',
  });
});
