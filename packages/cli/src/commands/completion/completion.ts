import { type Command, type CommandIo, EXIT, type FlagValues } from '../../flags/command.ts';
import { renderBash } from './bash.ts';
import { type CompletionEntry, toEntries } from './completion-entry.ts';
import { renderFish } from './fish.ts';
import { renderPowerShell } from './powershell.ts';
import { renderZsh } from './zsh.ts';

const SHELLS: Readonly<Record<string, (program: string, entries: readonly CompletionEntry[]) => string>> = {
  bash: renderBash,
  zsh: renderZsh,
  fish: renderFish,
  powershell: renderPowerShell,
};

export function createCompletion(commands: readonly Command[]) {
  return async ([shell = '']: readonly string[], _flags: FlagValues, io: CommandIo): Promise<number> => {
    const render = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
    if (!render) {
      io.stderr(`Error: invalid argument "${shell}" for "completion": one of ${Object.keys(SHELLS).join(', ')}\n`);
      return EXIT.violations;
    }
    io.stdout(render(io.programName ?? 'vouchsafe', toEntries(commands)));
    return EXIT.ok;
  };
}
