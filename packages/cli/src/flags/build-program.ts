import { Option, Command as Program } from 'commander';
import type { Command, CommandIo, FlagSpec } from './command.ts';

export interface ProgramOptions {
  readonly name: string;
  readonly summary: string;
  readonly version: string;
  readonly commands: readonly Command[];
  /** What the command line begins with: where that is a command, the others are not made ready. */
  readonly first?: string | undefined;
  readonly io: CommandIo;
  /** Told the exit code of the command that ran. */
  readonly onExit: (code: number) => void;
}

/** The command line as commander understands it, made from the list of commands. */
export function buildProgram({ name, summary, version, commands, first, io, onExit }: ProgramOptions): Program {
  const program = new Program(name).description(summary).version(version, '-V, --version').enablePositionalOptions();
  program.configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  program.showHelpAfterError('(add --help for the usage)').exitOverride();
  const chosen = commands.find((command) => command.name === first);
  for (const command of chosen ? [chosen] : commands) addCommand(program, command, io, onExit);
  return program;
}

function addCommand(parent: Program, command: Command, io: CommandIo, onExit: (code: number) => void): void {
  const verb = parent.command(command.name, { hidden: command.hidden ?? false }).description(command.summary);
  for (const argument of command.arguments ?? []) {
    const name = argument.variadic ? `${argument.name}...` : argument.name;
    verb.argument(argument.optional ? `[${name}]` : `<${name}>`, argument.summary);
  }
  for (const flag of command.flags ?? []) addFlag(verb, flag);
  if (command.examples?.length) {
    const lines = command.examples.map(({ line, summary }) => `  # ${summary}\n  ${line}`);
    verb.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
  }
  for (const inner of command.commands ?? []) addCommand(verb, inner, io, onExit);
  const { run } = command;
  if (run) {
    verb.action(async (...given: unknown[]) => {
      // commander passes the arguments, then the options, then itself
      const args = given
        .slice(0, -2)
        .flat()
        .filter((arg) => typeof arg === 'string');
      onExit(await (await run())(args, verb.opts(), io));
    });
  }
}

function addFlag(verb: Program, flag: FlagSpec): void {
  const option = new Option(flag.flags, flag.summary).hideHelp(flag.hidden ?? false);
  if (flag.repeatable) {
    option.default([] as string[]).argParser((value: string, all: string[]) => [...all, value]);
  } else if (flag.default !== undefined) {
    option.default(flag.default);
  }
  verb.addOption(option);
}
