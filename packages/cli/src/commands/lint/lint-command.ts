import type { Command } from '../../flags/command.ts';

/** What is wrong with policies, before anybody applies them? */
export const lintCommand: Command = {
  name: 'lint',
  summary: 'tell what is wrong with policies, and what is right in form and probably not meant',
  arguments: [{ name: 'path', summary: 'files, folders, globs, URLs or oci:// artifacts of policies', variadic: true }],
  flags: [
    { flags: '--strict', summary: 'end with 1 for warnings, too' },
    { flags: '-o, --output <format>', summary: 'text or json', default: 'text' },
  ],
  examples: [
    { line: 'vouchsafe lint policies/', summary: 'every policy below a folder' },
    { line: 'vouchsafe lint policies/ --strict -o json', summary: 'in CI' },
  ],
  run: async () => (await import('./lint.ts')).lint,
};
