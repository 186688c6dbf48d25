import { COMMANDS } from '../../packages/cli/src/commands/index.ts';
import { runProgram } from '../../packages/cli/src/flags/run-captured.fixture.ts';

export interface CommandOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The product's command line, called with arguments as a shell would, its output caught; 70 and the bug when it throws. */
export async function runCommand(args: readonly string[], cwd: string): Promise<CommandOutcome> {
  try {
    const { code, stdout, stderr } = await runProgram(COMMANDS, args, { cwd });
    return { exitCode: code, stdout, stderr };
  } catch (error) {
    return {
      exitCode: 70,
      stdout: '',
      stderr: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}
