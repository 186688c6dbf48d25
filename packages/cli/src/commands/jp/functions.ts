import { describeFunctions } from '@vouchsafe/engine';
import { type CommandIo, EXIT, type FlagValues } from '../../flags/command.ts';

/** Each function with its signature, what it does and an example; those named, or all. */
export async function functions(names: readonly string[], _flags: FlagValues, io: CommandIo): Promise<number> {
  const known = describeFunctions();
  for (const { name, signature, summary, example } of known) {
    if (names.length > 0 && !names.includes(name)) continue;
    io.stdout(`Name: ${name}\n  Signature: ${signature}\n  Note:      ${summary}\n`);
    io.stdout(`  Example:   ${example.expression} -> ${JSON.stringify(example.result)}\n\n`);
  }
  const unknown = names.filter((name) => !known.some((found) => found.name === name));
  if (unknown.length === 0) return EXIT.ok;
  io.stderr(`Error: no function is named ${unknown.join(', ')}\n`);
  return EXIT.violations;
}
