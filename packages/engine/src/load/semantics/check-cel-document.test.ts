import { expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.ts';
import { checkCelDocument } from './check-cel-document.ts';

const BOTH_OFF = 'disabling both admission and mutateExisting evaluation modes is not allowed';
const matchConstraints = { resourceRules: [{ resources: ['pods'] }] };
const off = { admission: { enabled: false } };

it.each([
  ['MutatingPolicy', off, [BOTH_OFF]],
  ['NamespacedMutatingPolicy', off, [BOTH_OFF]],
  ['MutatingPolicy', { ...off, mutateExisting: { enabled: true } }, []],
  ['MutatingPolicy', {}, []],
  ['ValidatingPolicy', off, []],
  ['ValidatingPolicy', { mode: 'JSON' }, []],
  [
    'ValidatingPolicy',
    { mode: 'HTTP' },
    ['policies of mode `HTTP` are asked by an authorization server, and judge nothing here'],
  ],
] satisfies [string, JsonObject, string[]][])('%s with %j', (kind, evaluation, messages) => {
  const document = { apiVersion: 'policies.kyverno.io/v1', kind, spec: { matchConstraints, evaluation } };
  expect(checkCelDocument(document, kind, { submitted: true }).map(({ message }) => message)).toEqual(messages);
  // What is evaluated anyway is the command line's affair.
  expect(checkCelDocument(document, kind, {})).toEqual([]);
});

const expression = (more: JsonObject): JsonObject => ({ matchExpressions: [{ key: 'team', ...more }] });

it.each<[JsonObject, string[]]>([
  [{ matchLabels: { 'acme.io/team': 'a', empty: '' } }, []],
  [expression({ operator: 'NotIn', values: ['a'] }), []],
  [expression({ operator: 'Exists' }), []],
  [expression({ operator: 'Equals' }), ['matchExpressions[0].operator']],
  [expression({ operator: 'In' }), ['matchExpressions[0].values']],
  [expression({ operator: 'DoesNotExist', values: ['a'] }), ['matchExpressions[0].values']],
  [expression({ operator: 'In', values: ['a', 'b*'] }), ['matchExpressions[0].values[1]']],
  [expression({ key: 'no key', operator: 'Exists' }), ['matchExpressions[0].key']],
  [{ matchLabels: { team: '*' } }, ['matchLabels.team']],
  [{ matchLabels: { '/team': 'a' } }, ['matchLabels']],
])('a selector that the API server would refuse in a webhook is refused here: %j', (selector, places) => {
  for (const key of ['objectSelector', 'namespaceSelector']) {
    const spec = { matchConstraints: { ...matchConstraints, [key]: selector } };
    const found = checkCelDocument({ apiVersion: 'policies.kyverno.io/v1', spec }, 'ValidatingPolicy', {});
    expect(found.map(({ severity, path }) => [severity, path])).toEqual(
      places.map((place) => ['error', `spec.matchConstraints.${key}.${place}`]),
    );
  }
});
