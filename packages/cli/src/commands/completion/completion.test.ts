import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../flags/command.ts';
import { runCaptured } from '../../flags/run-captured.fixture.ts';
import { createCompletionCommand } from './completion-command.ts';

const COMMANDS: readonly Command[] = [
  { name: 'apply', summary: "what it's for", flags: [{ flags: '-r, --resource <path>', summary: 'a: b' }] },
  {
    name: 'create',
    summary: 'more',
    commands: [{ name: 'test', summary: 'inner', flags: [{ flags: '--pass', summary: 'x' }] }],
  },
  { name: 'secret', summary: 'hidden', hidden: true },
];
const command = createCompletionCommand(() => COMMANDS);

describe('completion', () => {
  it('of bash knows the words and flags of each place', async () => {
    const { stdout } = await runCaptured(command, ['bash']);
    const complete = (...words: readonly string[]): string =>
      execFileSync(
        'bash',
        [
          '-c',
          `${stdout}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vouchsafe; echo "\${COMPREPLY[*]}"`,
          'bash',
          ...words,
        ],
        { encoding: 'utf8' },
      ).trim();
    expect(complete('vouchsafe', '')).toBe('apply create');
    expect(complete('vouchsafe', 'apply', '--')).toBe('--resource');
    expect(complete('vouchsafe', 'create', 't')).toBe('test');
    expect(complete('vouchsafe', 'create', 'test', '-')).toBe('--pass');
  });

  it.each(['zsh', 'fish', 'powershell'])('of %s names every word and flag that is shown', async (shell) => {
    const { stdout } = await runCaptured(command, [shell], { programName: 'kyverno' });
    for (const word of ['kyverno', 'apply', 'create', 'test', 'resource', 'pass']) expect(stdout).toContain(word);
    expect(stdout).not.toContain('secret');
  });

  it('of another shell there is none', async () => {
    expect(await runCaptured(command, ['tcsh'])).toMatchObject({ code: 1, stdout: '' });
  });
});
