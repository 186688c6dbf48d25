import type { Command } from '../../flags/command.ts';

/** What can follow one command line: words and flags. */
export interface CompletionEntry {
  /** The commands before it, joined by blanks; empty for the program itself. */
  readonly path: string;
  readonly words: readonly { readonly name: string; readonly summary: string }[];
  readonly flags: readonly { readonly name: string; readonly summary: string; readonly takesValue: boolean }[];
}

export function toEntries(commands: readonly Command[]): readonly CompletionEntry[] {
  return [{ path: '', words: visible(commands), flags: [] }, ...commands.flatMap((command) => entriesOf(command, ''))];
}

function entriesOf(command: Command, before: string): readonly CompletionEntry[] {
  if (command.hidden) return [];
  const path = before === '' ? command.name : `${before} ${command.name}`;
  const flags = (command.flags ?? [])
    .filter(({ hidden }) => !hidden)
    .map(({ flags: text, summary }) => ({
      name: /--[\w-]+/.exec(text)?.[0] ?? text,
      summary,
      takesValue: text.includes('<'),
    }));
  const inner = command.commands ?? [];
  return [{ path, words: visible(inner), flags }, ...inner.flatMap((child) => entriesOf(child, path))];
}

function visible(commands: readonly Command[]): CompletionEntry['words'] {
  return commands.filter(({ hidden }) => !hidden).map(({ name, summary }) => ({ name, summary }));
}

/** Text inside single quotes of a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
