import { COMMANDS } from '../../packages/cli/src/commands/index.ts';
import { buildProgram } from '../../packages/cli/src/flags/build-program.ts';

export interface CommandOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The product's command line, called with arguments as a shell would, its output caught. */
export async function runCommand(args: readonly string[], cwd: string): Promise<CommandOutcome> {
  let stdout = '';
  let stderr = '';
  let exitCode = 0;
  const program = buildProgram({
    name: 'vouchsafe',
    summary: '',
    version: '',
    commands: COMMANDS,
    io: {
      stdout: (text) => {
        stdout += text;
      },
      stderr: (text) => {
        stderr += text;
      },
      env: {},
      cwd,
      isTerminal: false,
    },
    onExit: (code) => {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    return {
      exitCode: 70,
      stdout,
      stderr: `${stderr}${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    };
  }
  return { exitCode, stdout, stderr };
}
