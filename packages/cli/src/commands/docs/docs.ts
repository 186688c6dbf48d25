import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Command, type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import { toPages } from './command-page.ts';

export function createDocs(commands: readonly Command[]) {
  return async (_args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> => {
    const folder = resolve(io.cwd, textFlag(flags, 'output') ?? '.');
    await mkdir(folder, { recursive: true });
    const program = io.programName ?? 'vouchsafe';
    const isWebsite = flags['website'] === true;
    const links = isWebsite && flags['markdownLinks'] !== true ? 'site' : 'files';
    for (const { file, title, text } of toPages(program, commands, links)) {
      const front = isWebsite ? `---\ntitle: "${title}"\n---\n\n` : '';
      await writeFile(join(folder, file), `${front}${text}`);
    }
    return EXIT.ok;
  };
}
