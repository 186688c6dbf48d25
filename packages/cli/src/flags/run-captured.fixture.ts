import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildProgram } from './build-program.ts';
import type { Command, CommandIo } from './command.ts';

/** For tests: a folder with these files. */
export function createFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-test-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

export interface CapturedRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** For tests: runs one command as the program would, its output caught. */
export function runCaptured(
  command: Command,
  args: readonly string[],
  io: Partial<CommandIo> = {},
): Promise<CapturedRun> {
  return runProgram([command], [command.name, ...args], io);
}

/** The program of these commands, called with arguments as a shell would. Throws what a command throws. */
export async function runProgram(
  commands: readonly Command[],
  args: readonly string[],
  io: Partial<CommandIo> = {},
): Promise<CapturedRun> {
  let stdout = '';
  let stderr = '';
  let code = 0;
  const program = buildProgram({
    name: 'vouchsafe',
    summary: '',
    version: '0',
    commands,
    io: {
      stdout: (text) => {
        stdout += text;
      },
      stderr: (text) => {
        stderr += text;
      },
      env: {},
      cwd: '/',
      isTerminal: false,
      ...io,
    },
    onExit: (exit) => {
      code = exit;
    },
  });
  await program.parseAsync([...args], { from: 'user' });
  return { code, stdout, stderr };
}
