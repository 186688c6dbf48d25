import { describe, expect, it } from 'vitest';
import { evaluate } from '../../evaluate/evaluate.ts';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import { tableOf } from '../../facts/fact-source.fixture.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { requestOf } from '../../model/request.fixture.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import { admissionBinding, admissionPolicy, compiledPolicy, matching } from '../policies.fixture.ts';

const POD: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', labels: { app: 'web' } },
  spec: { priority: 3 },
};

function policy(spec: JsonObject): JsonObject {
  return admissionPolicy('ValidatingAdmissionPolicy', { matchConstraints: matching('pods'), ...spec });
}

function binding(name: string, spec: JsonObject = {}, policyName?: string): JsonObject {
  const written = { validationActions: ['Deny'], ...spec };
  return admissionBinding('ValidatingAdmissionPolicyBinding', name, written, policyName);
}

interface Situation {
  readonly request?: Partial<EvaluationRequest>;
  readonly facts?: readonly (readonly [FactRequest, Fact])[];
}

function judge(documents: readonly JsonObject[], { request, facts = [] }: Situation = {}) {
  const asked = requestOf(POD, { namespaceLabels: { team: 'a' }, ...request });
  const { decision, needs } = evaluate(compiledPolicy(documents), asked, tableOf(facts), 'validate');
  return decision ? decision.results.map(({ status, message }) => [status, message]) : needs;
}

const LIMIT = { validations: [{ expression: 'object.spec.priority <= 2', message: ' too high ' }] };

describe('a ValidatingAdmissionPolicy', () => {
  it.each<[string, readonly JsonObject[], Situation, unknown]>([
    ['without bindings is judged', [policy(LIMIT)], {}, [['fail', 'too high']]],
    ['passes without a text', [policy({ validations: [{ expression: 'true' }] })], {}, [['pass', '']]],
    [
      'tells the expression that failed',
      [policy({ validations: [{ expression: ' false ' }] })],
      {},
      [['fail', 'failed expression: false']],
    ],
    [
      'that cannot be evaluated is an error whatever its failurePolicy',
      [policy({ failurePolicy: 'Ignore', validations: [{ expression: 'object.gone == 1' }] })],
      {},
      [['error', "expression 'object.gone == 1' resulted in error: no such key: gone"]],
    ],
    [
      'whose conditions do not hold is skipped',
      [policy({ ...LIMIT, matchConditions: [{ name: 'c', expression: 'false' }] })],
      {},
      [['skip', "match conditions aren't met"]],
    ],
    ['is not about payloads', [policy(LIMIT)], { request: { payload: true } }, []],
    ['about others has no result', [policy(LIMIT)], { request: { plural: 'services' } }, []],
    [
      'shows who scans where nobody asks',
      [policy({ validations: [{ expression: "request.userInfo.groups == ['system:kyverno:background-scan']" }] })],
      {},
      [['pass', '']],
    ],
    [
      'is judged where a binding matches',
      [policy(LIMIT), binding('b', { matchResources: { namespaceSelector: { matchLabels: { team: 'a' } } } })],
      {},
      [['fail', 'too high']],
    ],
    [
      'is not judged where none matches',
      [policy(LIMIT), binding('b', { matchResources: { namespaceSelector: { matchLabels: { team: 'b' } } } })],
      {},
      [],
    ],
    [
      'bindings of others do not count',
      [policy(LIMIT), binding('b', { matchResources: matching('pods') }, 'q')],
      {},
      [['fail', 'too high']],
    ],
  ])('%s', (_, documents, situation, expected) => {
    expect(judge(documents, situation)).toEqual(expected);
  });
});

describe('parameters', () => {
  const BY_PARAM = policy({
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    validations: [
      { expression: 'object.metadata.name != params.data.refused', messageExpression: "'not ' + params.data.refused" },
    ],
  });
  const bound = (paramRef: JsonObject, name = 'b') =>
    binding(name, { paramRef: { parameterNotFoundAction: 'Deny', ...paramRef } });
  const asked = (name: string): FactRequest => ({
    kind: 'resource',
    apiVersion: 'v1',
    resourceKind: 'ConfigMap',
    namespace: 'ns',
    name,
  });
  const config = (refused: string): Fact => ({ ok: true, value: { data: { refused } } });

  it('are asked for, then judged with', () => {
    expect(judge([BY_PARAM, bound({ name: 'c' })])).toEqual([asked('c')]);
    expect(judge([BY_PARAM, bound({ name: 'c' })], { facts: [[asked('c'), config('p')]] })).toEqual([
      ['fail', 'not p'],
    ]);
    expect(judge([BY_PARAM, bound({ name: 'c' })], { facts: [[asked('c'), config('q')]] })).toEqual([['pass', '']]);
  });

  it('that cannot be had are an error, not a pass', () => {
    const gone: Fact = { ok: false, class: 'not-found', message: 'configmaps "c" not found' };
    expect(judge([BY_PARAM, bound({ name: 'c' })], { facts: [[asked('c'), gone]] })).toEqual([
      ['error', 'configmaps "c" not found'],
    ]);
  });

  it('a failure with one binding is not undone by the next', () => {
    const documents = [BY_PARAM, bound({ name: 'c' }), bound({ name: 'd' }, 'second')];
    const facts = [[asked('c'), config('p')] as const, [asked('d'), config('q')] as const];
    expect(judge(documents, { facts })).toEqual([['fail', 'not p']]);
  });
});
