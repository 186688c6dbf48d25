import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../packages/cli/src/commands/index.ts';
import type { Command } from '../packages/cli/src/flags/command.ts';
import { renderCliPage } from './make-cli-page.ts';

const flatten = (commands: readonly Command[]): readonly Command[] =>
  commands.flatMap((command) => [command, ...flatten(command.commands ?? [])]);

describe('the commands', () => {
  it('are those that docs/cli.md tells of (mend with `node tools/make-cli-page.ts`)', () => {
    expect(readFileSync(fileURLToPath(new URL('../docs/cli.md', import.meta.url)), 'utf8')).toBe(
      renderCliPage(COMMANDS),
    );
  });

  it.each(flatten(COMMANDS))('say what they do: $name', ({ name, summary, run, commands, flags = [] }) => {
    expect(name).toMatch(/^[a-z][a-z-]*$/);
    expect(summary.length).toBeGreaterThan(8);
    expect(run !== undefined || (commands?.length ?? 0) > 0).toBe(true);
    for (const flag of flags) expect(flag.summary.length).toBeGreaterThan(3);
    const long = flags.map((flag) => /--([\w-]+)/.exec(flag.flags)?.[1]);
    expect(new Set(long).size).toBe(long.length);
  });
});
