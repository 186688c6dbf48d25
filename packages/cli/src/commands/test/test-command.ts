import type { Command } from '../../flags/command.ts';
import { COMPATIBLE_FLAGS } from '../../flags/compatible-flags.ts';
import { REGISTRY_FLAGS } from '../../flags/registry-flags.ts';
import { SUBSTITUTION_FLAGS } from '../../flags/substitution-flags.ts';

/** Flags, texts and exit codes are Kyverno's. */
export const testCommand: Command = {
  name: 'test',
  summary: 'run tests of policies: what they must say about resources, offline',
  arguments: [
    { name: 'path', summary: 'folders searched for test manifests, manifests, or git repositories', variadic: true },
  ],
  flags: [
    { flags: '-f, --file-name <name>', summary: 'name of the test manifests', default: 'kyverno-test.yaml' },
    { flags: '-b, --git-branch <branch>', summary: 'branch of the git repository', default: '' },
    {
      flags: '-t, --test-case-selector <selector>',
      summary: 'which expectations to check; values are wildcards',
      default: 'policy=*,rule=*,resource=*',
    },
    { flags: '-o, --output-format <format>', summary: 'json, yaml, markdown or junit instead of a table', default: '' },
    ...REGISTRY_FLAGS,
    { flags: '--fail-only', summary: 'show what failed, and nothing else' },
    { flags: '--remove-color', summary: 'no colours' },
    { flags: '--detailed-results', summary: 'with the message of each result' },
    {
      flags: '--as-kyverno',
      summary: 'pass over what is not there, as Kyverno does: names, rules and expected objects that do not exist',
    },
    { flags: '--require-tests', summary: 'fail when there is no test' },
    ...SUBSTITUTION_FLAGS,
    ...COMPATIBLE_FLAGS,
  ],
  examples: [
    { line: 'vouchsafe test .', summary: 'all tests at and below this folder' },
    { line: 'vouchsafe test . --test-case-selector "policy=require-*, resource=bad-*"', summary: 'some of them' },
    { line: 'vouchsafe test policies -o junit > results.xml', summary: 'for a build server' },
  ],
  run: async () => (await import('./test.ts')).test,
};
