import { readSource, readStdin } from '../../inputs/read-source.ts';

/** Expressions given as arguments, then those of files. Throws `InputProblem`. */
export async function readExpressions(
  args: readonly string[],
  files: readonly string[],
  folder: string,
): Promise<readonly string[]> {
  const read: string[] = [];
  for (const file of files.flatMap((list) => list.split(','))) read.push((await readSource(file, folder)).trimEnd());
  return [...args, ...read];
}

/** Asks for `what` on standard input, as Kyverno does. */
export async function askFor(what: string, print: (text: string) => void): Promise<string> {
  print(`Reading from terminal input.\nEnter ${what} and hit Ctrl+D.\n`);
  return readStdin();
}
