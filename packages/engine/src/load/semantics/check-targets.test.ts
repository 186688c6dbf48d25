import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.ts';
import { loadPolicy } from '../load-policies.ts';

/** What a rule of a Policy in `team` has against it, as `path: message` or the message alone. */
function problemsOf(body: JsonObject): readonly string[] {
  const rule = { name: 'r', match: { any: [{ resources: { kinds: ['ConfigMap'] } }] }, ...body };
  const metadata = { name: 'p', namespace: 'team' };
  const policy = { apiVersion: 'kyverno.io/v1', kind: 'Policy', metadata, spec: { rules: [rule] } };
  const { diagnostics } = loadPolicy(policy, undefined, { submitted: true });
  return diagnostics.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
}

describe('targets of generate rules', () => {
  const target = { apiVersion: 'v1', kind: 'Secret', name: 's', namespace: 'team' };
  const clone = { name: 's', namespace: 'team' };
  const cloneList = { kinds: ['v1/Secret'], namespace: 'team' };
  const at = 'spec.rules[0].generate';
  const both = `${at}: only one of generate patterns(data, clone, cloneList and foreach) can be specified`;
  const empty = (key: string, path = at) => `${path}.${key}: ${key} can not be empty`;
  it.each<[string, JsonObject, string[]]>([
    ['whole', { ...target, data: {} }, []],
    ['of a list of kinds', { namespace: 'team', cloneList }, []],
    [
      'of kinds by label',
      { namespace: 'team', cloneList: { ...cloneList, selector: { matchLabels: { a: 'b' } } } },
      [],
    ],
    [
      'of kinds by a wildcard',
      { namespace: 'team', cloneList: { ...cloneList, selector: { matchLabels: { a: 'b*' } } } },
      [`${at}.cloneList.selector: wildcard characters \`*/?\` not supported`],
    ],
    ['with two sources', { ...target, data: { a: 'b' }, clone }, [both]],
    ['with a list and each', { namespace: 'team', cloneList, foreach: [{ list: 'l', ...target, clone }] }, [both]],
    ['without kind', { ...target, kind: '', data: {} }, [empty('kind')]],
    ['without name and version', { kind: 'Secret', namespace: 'team', clone }, [empty('name'), empty('apiVersion')]],
    [
      'without name in one of each',
      {
        foreach: [
          { list: 'l', ...target, clone },
          { list: 'l', ...target, name: '', clone },
        ],
      },
      [empty('name', `${at}.foreach[1]`)],
    ],
    ['with a name of variables', { ...target, name: '{{ request.name }}', clone }, []],
  ])('%s', (_name, generate, problems) => {
    expect(problemsOf({ generate })).toEqual(problems);
  });
});

describe('targets of mutate rules in a namespace', () => {
  const told =
    'spec.rules[0].mutate.targets[0].namespace: This field can be ignored or should have value of the namespace where the policy is being created';
  it.each<[string | undefined, string[]]>([
    [undefined, []],
    ['team', []],
    ['other', [told]],
    ['{{ request.namespace }}', [told]],
  ])('%s', (namespace, problems) => {
    const target = { apiVersion: 'v1', kind: 'Secret', name: 's', ...(namespace === undefined ? {} : { namespace }) };
    const patchStrategicMerge = { metadata: { labels: { a: 'b' } } };
    expect(problemsOf({ mutate: { targets: [target], patchStrategicMerge } })).toEqual(problems);
  });
});
