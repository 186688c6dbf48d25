import { enableCompileCache } from 'node:module';
import { CommanderError } from 'commander';
import { COMMANDS } from './commands/index.ts';
import { buildProgram } from './flags/build-program.ts';
import { EXIT } from './flags/command.ts';
import { VERSION } from './output/version.ts';

enableCompileCache();

const program = buildProgram({
  name: 'vouchsafe',
  summary: 'Nothing runs in your cluster unless it is vouched for.',
  version: VERSION,
  commands: COMMANDS,
  io: {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    env: process.env,
    cwd: process.cwd(),
    isTerminal: process.stdout.isTTY === true,
  },
  onExit: (code) => {
    process.exitCode = code;
  },
});

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // help and version end with 0; everything else commander refuses is wrong usage
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    const told =
      error instanceof Error ? (process.env['VOUCHSAFE_DEBUG'] ? error.stack : error.message) : String(error);
    process.stderr.write(`vouchsafe: ${told}\n`);
    process.exitCode = EXIT.evaluation;
  }
}
