import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type CommandIo, EXIT, type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import { reasonOf } from '../../inputs/input-problem.ts';
import { toYaml } from '../../output/yaml.ts';

/** Prints the document, or writes it to the file of `--output`. The order of members is that of the object. */
export async function writeDocument(document: object, flags: FlagValues, io: CommandIo): Promise<number> {
  const file = textFlag(flags, 'output');
  const text = toYaml(document, 2, 'as-given');
  if (file === undefined) io.stdout(text);
  else {
    try {
      await writeFile(resolve(io.cwd, file), text);
    } catch (error) {
      return refuse(reasonOf(error), io);
    }
  }
  return EXIT.ok;
}

export function refuse(message: string, io: CommandIo): number {
  io.stderr(`Error: ${message}\n`);
  return EXIT.violations;
}

/** Values of a flag that takes lists with commas. */
export function splitFlag(flags: FlagValues, name: string): readonly string[] {
  return listFlag(flags, name)
    .flatMap((value) => value.split(','))
    .filter((value) => value !== '');
}

/** `a=b` as a pair; `undefined` for anything else. */
export function parsePair(text: string): readonly [string, string] | undefined {
  const [key = '', value = '', ...rest] = text.split('=');
  return key !== '' && value !== '' && rest.length === 0 ? [key, value] : undefined;
}

export function toPairs(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(texts.map(parsePair).filter((pair) => pair !== undefined));
}
