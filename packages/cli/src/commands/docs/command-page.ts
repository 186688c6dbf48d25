import type { Command, FlagSpec } from '../../flags/command.ts';

export interface CommandPage {
  readonly file: string;
  readonly title: string;
  readonly text: string;
}

/** How pages name each other: by file, or by the address of a page of the website. */
export type LinkStyle = 'files' | 'site';

/** One page for the program and one for each command, named as Kyverno's are: `program_command.md`. */
export function toPages(program: string, commands: readonly Command[], links: LinkStyle): readonly CommandPage[] {
  const root: Command = { name: program, summary: 'policies for Kubernetes', commands };
  return pagesOf(root, [], links);
}

function pagesOf(command: Command, parents: readonly Command[], links: LinkStyle): readonly CommandPage[] {
  if (command.hidden) return [];
  const path = [...parents, command];
  const inner = (command.commands ?? []).filter(({ hidden }) => !hidden);
  return [toPage(path, inner, links), ...inner.flatMap((child) => pagesOf(child, path, links))];
}

function toPage(path: readonly Command[], inner: readonly Command[], links: LinkStyle): CommandPage {
  const command = path.at(-1);
  const title = path.map(({ name }) => name).join(' ');
  const sections = [`## ${title}`, command?.summary ?? '', ...usageOf(title, command, inner)];
  if (command?.examples?.length) {
    const lines = command.examples.map(({ line, summary }) => `  # ${summary}\n  ${line}`);
    sections.push('### Examples', fence(lines.join('\n\n')));
  }
  const flags = (command?.flags ?? []).filter(({ hidden }) => !hidden);
  if (flags.length > 0) sections.push('### Options', fence(flagLines(flags)));
  const related = [...(path.length > 1 ? [path.slice(0, -1)] : []), ...inner.map((child) => [...path, child])];
  if (related.length > 0) sections.push('### SEE ALSO', related.map((other) => linkTo(other, links)).join('\n'));
  return { file: fileOf(path), title, text: `${sections.join('\n\n')}\n` };
}

function usageOf(title: string, command: Command | undefined, inner: readonly Command[]): readonly string[] {
  if (inner.length > 0) return [];
  const args = (command?.arguments ?? []).map(({ name, optional, variadic }) => {
    const shown = variadic ? `${name}...` : name;
    return optional ? `[${shown}]` : `<${shown}>`;
  });
  return [fence([title, ...args, '[flags]'].join(' '))];
}

function flagLines(flags: readonly FlagSpec[]): string {
  const shown = flags.map((flag) => ({ flag, text: `${flag.flags.startsWith('--') ? '      ' : '  '}${flag.flags}` }));
  const width = Math.max(...shown.map(({ text }) => text.length));
  return shown
    .map(({ flag, text }) => {
      const initial = flag.default === undefined || flag.default === '' ? '' : ` (default ${String(flag.default)})`;
      return `${text.padEnd(width + 2)}${flag.summary}${initial}`;
    })
    .join('\n');
}

function fence(text: string): string {
  return `\`\`\`\n${text}\n\`\`\``;
}

function fileOf(path: readonly Command[]): string {
  return `${path.map(({ name }) => name).join('_')}.md`;
}

function linkTo(path: readonly Command[], links: LinkStyle): string {
  const file = fileOf(path);
  const target = links === 'site' ? `../${file.slice(0, -'.md'.length)}` : file;
  return `* [${path.map(({ name }) => name).join(' ')}](${target}) - ${path.at(-1)?.summary ?? ''}`;
}
