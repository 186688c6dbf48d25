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
