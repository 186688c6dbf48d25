import type { CommandResult } from './kubectl.ts';
import type { Expectation } from './scenario.ts';

/** What differs from the expectation, or nothing. */
export function compareResult(
  { code, stdout, stderr }: CommandResult,
  { exit = 0, stdout: out = [], stderr: err = [], absent = [], lines = [] }: Expectation,
): string | undefined {
  const problems: string[] = [];
  if (exit === 'fails' ? code === 0 : code !== exit) problems.push(`it ended with ${code}, not ${exit}`);
  for (const text of out) if (!stdout.includes(text)) problems.push(`standard output lacks \`${text}\``);
  for (const text of err) if (!stderr.includes(text)) problems.push(`standard error lacks \`${text}\``);
  for (const text of absent) if (stdout.includes(text) || stderr.includes(text)) problems.push(`it says \`${text}\``);
  const said = stdout.split('\n');
  for (const texts of lines) {
    if (!said.some((line) => texts.every((text) => line.includes(text)))) {
      problems.push(`no line of standard output has all of \`${texts.join('`, `')}\``);
    }
  }
  return problems.length === 0 ? undefined : problems.join('; ');
}
