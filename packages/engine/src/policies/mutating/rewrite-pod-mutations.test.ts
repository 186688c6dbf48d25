import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.ts';
import { autogenConfigs } from '../../lang/cel/pod-autogen.ts';
import { toCelSpec } from '../../model/cel-policy-document.ts';
import { rewritePodMutations } from './rewrite-pod-mutations.ts';

const MATCH: JsonObject = {
  resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
};

function rewrite(written: JsonObject, name: 'defaults' | 'cronjobs' = 'defaults'): JsonObject {
  const spec: JsonObject = { matchConstraints: MATCH, ...written };
  const config = autogenConfigs(toCelSpec(spec)).find((candidate) => candidate.name === name);
  if (!config) throw new Error('no variant');
  return rewritePodMutations(spec, config);
}

function rewriteApplied(expression: string, name?: 'defaults' | 'cronjobs'): unknown {
  const { mutations } = rewrite({ mutations: [{ applyConfiguration: { expression } }] }, name) as {
    mutations: readonly [{ applyConfiguration: { expression: string } }];
  };
  return mutations[0].applyConfiguration.expression;
}

const WRAPPED = 'Object{spec: Object.spec{template: Object.spec.template{';

describe('apply configurations', () => {
  it.each([
    [
      'Object{spec: Object.spec{hostname: object.spec.x}}',
      `${WRAPPED}spec: Object.spec.template.spec{hostname: object.spec.template.spec.x}}}}`,
    ],
    [' Object {spec: Object.spec{}} ', `${WRAPPED}spec: Object.spec.template.spec{}}}}`],
    ['Object{}', 'Object{}'],
    ['true ? Object{spec: Object.spec{}} : Object{}', 'true ? Object{spec: Object.spec.template.spec{}} : Object{}'],
    // No word has to end where a reference does, but one has to begin.
    ['[object.specX, myobject.spec]', '[object.spec.template.specX, myobject.spec]'],
    [
      '[object.metadata.labels, object.metadata.annotations, object.metadata.name]',
      '[object.spec.template.metadata.labels, object.spec.template.metadata.annotations, object.metadata.name]',
    ],
    ["Object{a: 'x'} + 1", `${WRAPPED}a: 'x'}}} + 1`],
    ["Object{a: '{'}", "Object{a: '{'}"],
  ])('%s', (text, expected) => {
    expect(rewriteApplied(text)).toBe(expected);
  });

  it('go deeper in CronJobs', () => {
    expect(rewriteApplied('Object{spec: Object.spec{}}', 'cronjobs')).toBe(
      'Object{spec: Object.spec{jobTemplate: Object.spec.jobTemplate{spec: Object.spec.jobTemplate.spec{template: Object.spec.jobTemplate.spec.template{spec: Object.spec.jobTemplate.spec.template.spec{}}}}}}',
    );
  });
});

it('conditions are rewritten; variables, JSON patches and targets are not', () => {
  const spec = {
    variables: [{ name: 'v', expression: 'object.spec.x' }],
    matchConditions: [{ name: 'c', expression: 'oldObject.spec.x' }],
    targetMatchConditions: [{ name: 't', expression: 'object.spec.x' }],
    mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[object.spec.x]' } }],
  };
  expect(rewrite(spec)).toMatchObject({
    ...spec,
    matchConditions: [{ name: 'c', expression: 'oldObject.spec.template.spec.x' }],
  });
});
