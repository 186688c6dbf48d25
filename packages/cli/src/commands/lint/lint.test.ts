import { describe, expect, it } from 'vitest';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { lintCommand } from './lint-command.ts';

const HEAD = 'apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  rules:\n';
const rule = (body: string) => `${HEAD}  - {name: r, match: {any: [{resources: {kinds: [Pod]}}]}, ${body}}\n`;
const loop = (list: string) =>
  `{list: "${list}", deny: {conditions: {any: [{key: "{{ element.name }}", operator: Equals, value: x}]}}}`;
const GOOD = rule('validate: {message: m, pattern: {metadata: {name: "?*"}}}');
const LOOP = rule(`validate: {message: m, foreach: [${loop('request.object.spec.containers')}]}`);
const LABEL = 'request.object.metadata.labels.policy.exception/allow';

function lint(files: Readonly<Record<string, string>>, args: readonly string[] = ['.']) {
  return runCaptured(lintCommand, args, { cwd: createFolder(files) });
}

describe('lint', () => {
  it.each<[string, string, number, readonly string[]]>([
    ['nothing is wrong', GOOD, 0, ['1 policy: 0 errors, 0 warnings\n']],
    [
      'a loop over the containers alone',
      LOOP,
      0,
      [
        'p.yaml:6:',
        'warning: foreach over `request.object.spec.containers` leaves out initContainers and ephemeralContainers (spec.rules[0].validate.foreach)',
        'hint: name every kind of container: `request.object.spec.[initContainers, ephemeralContainers, containers][]`',
        '1 policy: 0 errors, 1 warning\n',
      ],
    ],
    [
      'one over all of them',
      rule(
        `validate: {message: m, foreach: [${loop('request.object.spec.[initContainers, ephemeralContainers, containers][]')}]}`,
      ),
      0,
      ['0 warnings'],
    ],
    [
      "a rule's own action under another one",
      `${GOOD.replace('message: m', 'failureAction: Audit, message: m')}  validationFailureAction: Enforce\n`,
      0,
      ['warning: ', 'failureAction'],
    ],
    [
      'an expression that cannot be read, with the form that can',
      rule(
        `preconditions: {all: [{key: "{{ ${LABEL} }}", operator: Equals, value: x}]}, validate: {message: m, deny: {}}`,
      ),
      1,
      ['error: ', '[jmespath-syntax]', `labels."policy.exception/allow" || ''`, '1 policy: 1 error, 0 warnings\n'],
    ],
    [
      'a field in the wrong place',
      rule('failureAction: Audit'),
      1,
      ['`spec.rules[0].validate` has a field of that name'],
    ],
    [
      'a key that is none',
      rule('verifyImages: [{imageReferences: ["x/*"], attestors: [{entries: [{keys: {publicKeys: "MFkw"}}]}]}]'),
      1,
      [
        'p.yaml:6:',
        'error: ',
        '(spec.rules[0].verifyImages[0].attestors[0].entries[0].keys.publicKeys) [key-material]',
      ],
    ],
    [
      'a label that need not be there',
      rule(
        `preconditions: {all: [{key: '{{ request.object.metadata.labels."a.b/c" }}', operator: Equals, value: x}]}, validate: {message: m, deny: {}}`,
      ),
      0,
      [
        'p.yaml:6:',
        'warning: an object without it ends in an error of the rule, which refuses it in Enforce (spec.rules[0].preconditions.all[0].key)',
        `hint: tell what holds then: \`{{ request.object.metadata.labels."a.b/c" || '' }}\``,
        '1 policy: 0 errors, 1 warning\n',
      ],
    ],
    [
      'one with what holds otherwise',
      rule(
        `preconditions: {all: [{key: "{{ request.object.metadata.labels.a || '' }}", operator: Equals, value: x}]}, validate: {message: m, deny: {}}`,
      ),
      0,
      ['1 policy: 0 errors, 0 warnings\n'],
    ],
    ['no YAML', `${HEAD}  - {{ name }}: x\n`, 1, ['[document-syntax]']],
    ['no policy', 'kyverno.io/none: true\n', 4, ['0 policies: 0 errors, 0 warnings\n']],
  ])('%s', async (_what, text, code, expected) => {
    const run = await lint({ 'p.yaml': text });
    for (const part of expected) expect(run.stdout).toContain(part);
    expect(run.code).toBe(code);
  });

  it('ends with 1 for a warning when it is strict, and tells programs', async () => {
    const run = await lint({ 'p.yaml': LOOP, 'other.yaml': 'a: [b' }, ['.', '--strict', '-o', 'json']);
    expect(run.code).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject([{ severity: 'warning', range: { origin: 'p.yaml', line: 6 } }]);
  });

  it('is used wrongly without anything to read', async () => {
    expect((await lint({}, ['nowhere.yaml'])).code).toBe(2);
  });
});
