import { type CompiledPolicy, createEngine, type EvaluationRequest, loadPolicy } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { expect, it } from 'vitest';
import { requestOf } from '../../../engine/src/model/request.fixture.ts';
import { NODE_HOST } from './node-host.ts';
import { isMutationScanned, isScannedAlone, scanMutations } from './scan-mutations.ts';

const engine = createEngine({ host: NODE_HOST });

function compile(spec: JsonObject): CompiledPolicy {
  const { policy, diagnostics } = loadPolicy({
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'MutatingPolicy',
    metadata: { name: 'label' },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
      },
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: { expression: "Object{metadata: Object.metadata{labels: {'a': 'b'}}}" },
        },
      ],
      ...spec,
    },
  });
  const compiled = policy && engine.compile(policy).compiled;
  if (!compiled) throw new Error(JSON.stringify(diagnostics));
  return compiled;
}

const request = (labels: JsonObject): EvaluationRequest =>
  requestOf(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'default', labels } },
    { plural: 'configmaps' },
  );

const NO_FACTS = { kinds: new Set<never>(), fetch: async () => [] };
const unmet = { matchConditions: [{ name: 'c', expression: 'false' }] };
const broken = { matchConditions: [{ name: 'c', expression: 'object.nope == 1' }] };

it.each([
  ['an object that would change fails', {}, {}, ['fail mutation is not applied']],
  ['one that would not passes', {}, { a: 'b' }, ['pass success']],
  ['conditions that do not hold skip it', unmet, {}, ['skip skip']],
  ['errors are told', broken, {}, ['error failed to evaluate policy: no such key: nope']],
] satisfies [string, JsonObject, JsonObject, string[]][])('%s', async (_what, spec, labels, told) => {
  const [decision] = await scanMutations([compile(spec)], request(labels), NO_FACTS);
  expect(decision?.results.map(({ status, message }) => `${status} ${message}`)).toEqual(told);
  expect(decision).toMatchObject({ phase: 'validate', standing: 'audit', effects: [] });
  expect(decision?.patched).toBeUndefined();
});

it('is for policies in CEL that are scanned', () => {
  expect(isMutationScanned(compile({}))).toBe(true);
  expect(isMutationScanned(compile({ evaluation: { background: { enabled: false } } }))).toBe(false);
  expect(isMutationScanned({ ...compile({}), ref: { apiVersion: 'kyverno.io/v1', kind: 'Policy', name: 'p' } })).toBe(
    false,
  );
});

it.each([
  ['one that mutates is told of by scans alone', {}, true],
  ['one that is not scanned is not', { evaluation: { background: { enabled: false } } }, false],
])('%s', (_, spec, expected) => {
  expect(isScannedAlone(compile(spec))).toBe(expected);
});
