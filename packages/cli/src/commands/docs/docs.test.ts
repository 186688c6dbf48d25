import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Command } from '../../flags/command.ts';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { createDocsCommand } from './docs-command.ts';

const COMMANDS: readonly Command[] = [
  {
    name: 'jp',
    summary: 'outer',
    commands: [{ name: 'query', summary: 'inner', flags: [{ flags: '-c, --compact', summary: 'short' }] }],
  },
  { name: 'secret', summary: 'hidden', hidden: true },
];

it('writes a page a command, each linked with those around it', async () => {
  const cwd = createFolder({});
  const command = createDocsCommand(() => COMMANDS);
  await runCaptured(command, ['-o', 'out'], { cwd });
  expect(readdirSync(join(cwd, 'out')).sort()).toEqual(['vouchsafe.md', 'vouchsafe_jp.md', 'vouchsafe_jp_query.md']);
  const read = (name: string): string => readFileSync(join(cwd, 'out', name), 'utf8');
  expect(read('vouchsafe_jp.md')).toContain('* [vouchsafe](vouchsafe.md)');
  expect(read('vouchsafe_jp.md')).toContain('* [vouchsafe jp query](vouchsafe_jp_query.md) - inner');
  expect(read('vouchsafe_jp_query.md')).toContain('  -c, --compact  short');
  await runCaptured(command, ['-o', 'out', '--website'], { cwd });
  expect(read('vouchsafe_jp.md')).toContain('title: "vouchsafe jp"');
  expect(read('vouchsafe_jp.md')).toContain('(../vouchsafe_jp_query)');
});
