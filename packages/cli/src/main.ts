import { CommanderError } from 'commander';
import { COMMANDS } from './commands/index.ts';
import { buildProgram } from './flags/build-program.ts';
import { EXIT } from './flags/command.ts';
import { fromGoArguments } from './flags/go-arguments.ts';
import { programNameOf, shownName, standsForKyverno } from './flags/program-name.ts';
import { createOutput, isTerminal } from './output/standard-streams.ts';
import { VERSION } from './output/version.ts';

/**
 * Runs one command of this process, from its arguments to `process.exitCode`; never rejects.
 * @param args what stands after the name of the program
 */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  const programName = programNameOf(process.env['VOUCHSAFE_CALLED_AS'] ?? process.argv[1]);
  const given = fromGoArguments(args, COMMANDS);
  const program = buildProgram({
    name: shownName(programName),
    summary: 'Nothing runs in your cluster unless it is vouched for.',
    version: VERSION,
    commands: COMMANDS,
    first: args[0],
    io: {
      stdout: createOutput(),
      stderr: (text) => process.stderr.write(text),
      env: process.env,
      cwd: process.cwd(),
      isTerminal: isTerminal(1),
      isErrorTerminal: isTerminal(2),
      programName,
    },
    onExit: (code) => {
      process.exitCode = standsForKyverno(programName) ? asKyverno(code, given[0]) : code;
    },
  });

  try {
    await program.parseAsync(given, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // help and version end with 0; everything else commander refuses is wrong usage
      process.exitCode = error.exitCode === 0 ? EXIT.ok : standsForKyverno(programName) ? EXIT.violations : EXIT.usage;
    } else {
      const told =
        error instanceof Error ? (process.env['VOUCHSAFE_DEBUG'] ? error.stack : error.message) : String(error);
      process.stderr.write(`vouchsafe: ${told}\n`);
      process.exitCode = standsForKyverno(programName) ? EXIT.violations : EXIT.evaluation;
    }
  }
}

/** Kyverno knows 0 and 1, and what `apply` was told to end with for warnings. */
function asKyverno(code: number, command: string | undefined): number {
  return code > EXIT.violations && code <= EXIT.nothing && command !== 'apply' ? EXIT.violations : code;
}

if (import.meta.main) void runCommandLine(process.argv.slice(2));
