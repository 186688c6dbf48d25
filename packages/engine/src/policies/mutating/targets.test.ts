import { describe, expect, it } from 'vitest';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Decision } from '../../model/decision.ts';
import { matching, told } from '../policies.fixture.ts';
import { applies, judge, POD, patches, policy } from './mutating.fixture.ts';

describe('existing objects', () => {
  const map = (name: string, namespace = 'ns', labels: JsonObject = {}): JsonObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels },
  });
  const evaluation = { mutateExisting: { enabled: true } };
  const mark = applies("Object{metadata: Object.metadata{labels: {'by': request.object.metadata.name}}}");
  const targets = matching('configmaps', ['DELETE']);
  const existing = [map('one'), map('two', 'other', { keep: '1' })];
  const answer = (request: FactRequest): Fact | undefined =>
    request.kind === 'api-resource' && request.resource === 'configmaps'
      ? {
          ok: true,
          value: {
            items: existing.filter(
              ({ metadata }) => request.namespace === '' || (metadata as JsonObject)['namespace'] === request.namespace,
            ),
          },
        }
      : undefined;
  const updated = (decisions: readonly Decision[]) =>
    decisions.flatMap(({ effects }) =>
      effects.flatMap((effect) => (effect.kind === 'update' ? [effect.resource] : [])),
    );

  it('are found by rules, whatever their operations, in the background', async () => {
    const documents = [policy({ spec: { evaluation, targetMatchConstraints: targets, ...mark } })];
    const decisions = await judge(documents, { phase: 'generate', answer });
    expect(told(decisions)).toEqual([' pass success', ' pass success']);
    expect(updated(decisions)).toEqual([map('one', 'ns', { by: 'p' }), map('two', 'other', { keep: '1', by: 'p' })]);
    expect(told(await judge(documents, { answer }))).toEqual([]);
  });

  it('are found by an expression', async () => {
    const expression = "resource.List('v1', 'configmaps', '')";
    const spec = { evaluation, targetMatchConstraints: { expression }, ...mark };
    const decisions = await judge([policy({ spec })], { phase: 'generate', answer });
    expect(updated(decisions)).toHaveLength(2);
  });

  it('are found by an expression about what is deleted', async () => {
    const expression = "resource.get('v1', 'configmaps', object.metadata.namespace, 'one')";
    const spec = {
      matchConstraints: matching('pods', ['CREATE', 'DELETE']),
      evaluation,
      targetMatchConstraints: { expression },
      ...applies("Object{metadata: Object.metadata{labels: {'gone': string(object.metadata.name)}}}"),
    };
    const decisions = await judge([policy({ spec })], {
      phase: 'generate',
      request: { operation: 'DELETE', resource: undefined, oldResource: POD },
      answer: (request) => (request.kind === 'api-resource' ? { ok: true, value: existing[0] ?? null } : undefined),
    });
    expect(updated(decisions)).toEqual([map('one', 'ns', { gone: 'one' })]);
  });

  it('are the objects the policy is about when nothing is said of targets, which it mutates in admissions too', async () => {
    const matchConstraints = {
      resourceRules: [
        { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps', 'pods'] },
      ],
    };
    const documents = [policy({ spec: { matchConstraints, evaluation, ...mark } })];
    expect(told(await judge(documents, { answer }))).toEqual([' pass success']);
    const pods = (request: FactRequest): Fact | undefined =>
      request.kind === 'api-resource' && request.resource === 'pods'
        ? { ok: true, value: { items: [] } }
        : answer(request);
    expect(updated(await judge(documents, { phase: 'generate', answer: pods }))).toHaveLength(2);
  });

  it('are judged by conditions of their own, without an old object or a namespace', async () => {
    const targetMatchConditions = [
      { name: 'c', expression: 'has(object.metadata.labels.keep) && oldObject == null && namespaceObject == null' },
    ];
    const spec = { evaluation, targetMatchConstraints: targets, targetMatchConditions, ...mark };
    const decisions = await judge([policy({ spec })], { phase: 'generate', answer });
    expect(updated(decisions)).toEqual([map('two', 'other', { keep: '1', by: 'p' })]);
  });

  it('are left alone when the trigger does not meet the conditions', async () => {
    const matchConditions = [{ name: 'c', expression: 'false' }];
    const spec = { evaluation, targetMatchConstraints: targets, matchConditions, ...mark };
    expect(told(await judge([policy({ spec })], { phase: 'generate', answer }))).toEqual([]);
  });

  it('are not mutated unless the policy says so', async () => {
    const spec = { targetMatchConstraints: targets, ...mark };
    expect(told(await judge([policy({ spec })], { phase: 'generate', answer }))).toEqual([]);
  });

  it.each([[targets], [{ expression: "resource.List('v1', 'configmaps')" }]] satisfies [JsonObject][])(
    'of other namespaces are no targets of a namespaced policy: %j',
    async (constraints) => {
      const everything = (request: FactRequest): Fact | undefined =>
        request.kind === 'api-resource' ? { ok: true, value: { items: existing } } : undefined;
      const spec = { evaluation, targetMatchConstraints: constraints, ...mark };
      const decisions = await judge([policy({ namespace: 'ns', spec })], { phase: 'generate', answer: everything });
      expect(updated(decisions)).toEqual([map('one', 'ns', { by: 'p' })]);
    },
  );

  it('stay the objects they are', async () => {
    const spec = {
      evaluation,
      targetMatchConstraints: targets,
      ...patches("[JSONPatch{op: 'replace', path: '/metadata/namespace', value: 'kube-system'}]"),
    };
    const decisions = await judge([policy({ spec })], { phase: 'generate', answer });
    expect(updated(decisions)).toEqual([]);
    expect(told(decisions)[0]).toBe(
      'evaluation error failed to evaluate policy: a mutation may not change metadata.namespace',
    );
  });

  it('that did not change are not written', async () => {
    const same = applies("Object{metadata: Object.metadata{labels: {'keep': '1'}}}");
    const spec = { evaluation, targetMatchConstraints: targets, ...same };
    const decisions = await judge([policy({ spec })], { phase: 'generate', answer });
    expect(told(decisions)).toEqual([' pass success', ' pass success']);
    expect(updated(decisions)).toEqual([map('one', 'ns', { keep: '1' })]);
  });

  it('that cannot be listed are an error', async () => {
    const spec = { evaluation, targetMatchConstraints: targets, ...mark };
    const denied = (): Fact => ({ ok: false, class: 'denied', message: 'not allowed' });
    expect(told(await judge([policy({ spec })], { phase: 'generate', answer: denied }))).toEqual([
      'evaluation error failed to evaluate policy: not allowed',
    ]);
  });
});
