// `node tools/make-cli-page.ts`: writes docs/cli.md from the list of commands; a test holds the two together.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../packages/cli/src/commands/index.ts';
import type { Command } from '../packages/cli/src/flags/command.ts';

/** The reference page of the command line. */
export function renderCliPage(commands: readonly Command[]): string {
  const parts = commands.filter(({ hidden }) => !hidden).map((command) => renderCommand(command, 'vouchsafe', 2));
  return `${HEAD}\n${parts.join('\n')}`;
}

const HEAD = `# The command line

Data goes to standard output, progress and hints to standard error; colour only to a terminal. \`--help\` works everywhere.

| exit code | meaning |
|---|---|
| 0 | nothing that blocks was found |
| 1 | policy violations, failed tests, images that are not vouched for |
| 2 | wrong use, unreadable input, an invalid policy |
| 3 | something could not be evaluated: registry, API server, missing mock |
| 4 | nothing was evaluated |
| 130 | interrupted |

Commands that Kyverno has, too, keep its exit codes.
`;

function renderCommand(command: Command, prefix: string, level: number): string {
  const name = `${prefix} ${command.name}`;
  const inner = (command.commands ?? []).filter(({ hidden }) => !hidden);
  const lines = [`${'#'.repeat(level)} ${name}`, '', `${capitalised(command.summary)}.`, ''];
  if (command.run) {
    const usage = (command.arguments ?? []).map(({ name: argument, optional, variadic }) => {
      const text = `${argument.toUpperCase()}${variadic ? '…' : ''}`;
      return optional ? `[${text}]` : text;
    });
    lines.push('```', [name, ...usage, ...(command.flags?.length ? ['[flags]'] : [])].join(' '), '```', '');
  }
  const shownFlags = (command.flags ?? []).filter(({ hidden }) => !hidden);
  if (shownFlags.length > 0) {
    lines.push('| flag | meaning |', '|---|---|');
    for (const { flags, summary, default: preset } of shownFlags) {
      const shown = typeof preset === 'string' && preset !== '' ? ` (default: \`${preset}\`)` : '';
      lines.push(`| \`${flags.replaceAll('|', '\\|')}\` | ${summary.replaceAll('|', '\\|')}${shown} |`);
    }
    lines.push('');
  }
  for (const { line, summary } of command.examples ?? []) lines.push('```sh', `# ${summary}`, line, '```', '');
  for (const one of inner) lines.push(renderCommand(one, name, level + 1));
  return lines.join('\n');
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(fileURLToPath(new URL('../docs/cli.md', import.meta.url)), renderCliPage(COMMANDS));
}
