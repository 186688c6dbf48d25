import type { Command } from '../../flags/command.ts';

/** The commands are given lazily: docs is one of them. */
export function createDocsCommand(commands: () => readonly Command[]): Command {
  return {
    name: 'docs',
    summary: 'write the reference of all commands as Markdown',
    flags: [
      { flags: '-o, --output <folder>', summary: 'where the files are written', default: '.' },
      { flags: '--website', summary: 'with front matter for a website' },
      { flags: '--autogenTag', summary: 'accepted; nothing is stamped with a date' },
      { flags: '--noDate', summary: 'accepted; nothing is stamped with a date' },
      { flags: '--markdownLinks', summary: 'links to files also on a website' },
    ],
    examples: [{ line: 'vouchsafe docs -o docs/cli', summary: 'one file a command' }],
    run: async () => {
      const { createDocs } = await import('./docs.ts');
      return createDocs(commands());
    },
  };
}
