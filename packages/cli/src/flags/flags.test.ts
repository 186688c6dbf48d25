import { describe, expect, it } from 'vitest';
import type { Command } from './command.ts';
import { COMPATIBLE_FLAGS } from './compatible-flags.ts';
import { fromGoArguments } from './go-arguments.ts';
import { programNameOf, shownName, standsForKyverno } from './program-name.ts';
import { runCaptured } from './run-captured.fixture.ts';

const COMMANDS: readonly Command[] = [
  {
    name: 'apply',
    summary: '',
    flags: [
      { flags: '-c, --cluster', summary: '' },
      { flags: '--set <pair>', summary: '' },
      { flags: '-b, --background [bool]', summary: '' },
      { flags: '-r, --resource <file>', summary: '' },
    ],
    commands: [{ name: 'inner', summary: '', flags: [{ flags: '--deep', summary: '' }] }],
  },
];

it.each([
  [
    ['apply', '--cluster=true'],
    ['apply', '--cluster'],
  ],
  [['apply', '--cluster=False'], ['apply']],
  [
    ['apply', '-c=false', '-r=a=b.yaml', '-b=false', '-rx.yaml'],
    ['apply', '-ra=b.yaml', '-bfalse', '-rx.yaml'],
  ],
  [
    ['apply', '-c=true', '-x=1'],
    ['apply', '-c', '-x=1'],
  ],
  [
    ['apply', 'inner', '--deep=true'],
    ['apply', 'inner', '--deep'],
  ],
  [
    ['-v', '4', '--logtostderr', '--v=2', 'apply', '-c'],
    ['apply', '-v', '4', '--logtostderr', '--v=2', '-c'],
  ],
  [
    ['-v', '4'],
    ['-v', '4'],
  ],
  [
    ['--help', 'apply'],
    ['--help', 'apply'],
  ],
  [
    ['apply', '--set=true', '--background=false'],
    ['apply', '--set=true', '--background=false'],
  ],
  [
    ['apply', '--', '--cluster=true'],
    ['apply', '--', '--cluster=true'],
  ],
])('%j is read as %j', (args, expected) => {
  expect(fromGoArguments(args, COMMANDS)).toEqual(expected);
});

describe('the name of the program', () => {
  it.each([
    ['/usr/bin/kyverno', 'kyverno', 'kyverno', true],
    ['/x/kubectl-kyverno', 'kubectl-kyverno', 'kubectl kyverno', true],
    ['/x/kubectl-vouchsafe', 'kubectl-vouchsafe', 'kubectl vouchsafe', false],
    ['/x/bin/vouchsafe.mjs', 'vouchsafe', 'vouchsafe', false],
    ['/x/src/main.ts', 'vouchsafe', 'vouchsafe', false],
    [undefined, 'vouchsafe', 'vouchsafe', false],
  ])('of %s is %s, shown as %s', (script, name, shown, isKyverno) => {
    expect(programNameOf(script)).toBe(name);
    expect(shownName(name)).toBe(shown);
    expect(standsForKyverno(name)).toBe(isKyverno);
  });
});

it('every command of Kyverno takes the flags of its logging', async () => {
  const seen: (readonly string[])[] = [];
  const command: Command = {
    name: 'apply',
    summary: '',
    arguments: [{ name: 'policy', summary: '', variadic: true }],
    flags: COMPATIBLE_FLAGS,
    run: async () => async (args) => {
      seen.push(args);
      return 0;
    },
  };
  const given = [
    '--logtostderr',
    'a.yaml',
    '--v=4',
    '--vmodule=x=2',
    '--log_file',
    '/dev/null',
    '--skip_headers',
    'b.yaml',
  ];
  expect(await runCaptured(command, given)).toMatchObject({ code: 0, stderr: '' });
  expect(seen).toEqual([['a.yaml', 'b.yaml']]);
});
