import type { Command } from '../../flags/command.ts';

/** The commands are given lazily: completion is one of them. */
export function createCompletionCommand(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    summary: 'print a completion script for a shell',
    arguments: [{ name: 'shell', summary: 'bash, zsh, fish or powershell' }],
    examples: [
      { line: 'source <(vouchsafe completion bash)', summary: 'for this bash' },
      { line: 'vouchsafe completion fish > ~/.config/fish/completions/vouchsafe.fish', summary: 'for every fish' },
    ],
    run: async () => {
      const { createCompletion } = await import('./completion.ts');
      return createCompletion(commands());
    },
  };
}
