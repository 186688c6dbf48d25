import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../kernel/json.ts';
import { generateAutogenRules } from './autogen.ts';
import { shiftReferences } from './shift-references.ts';

function rule(body: JsonObject, resources: JsonObject = { kinds: ['Pod'] }): JsonObject {
  return { name: 'r', match: { any: [{ resources }] }, ...body };
}

const PATTERN: JsonObject = { validate: { message: 'm', pattern: { metadata: { labels: { a: '?*' } } } } };
const CONTROLLER_KINDS = [
  'apps/v1/DaemonSet',
  'apps/v1/Deployment',
  'batch/v1/Job',
  'apps/v1/ReplicaSet',
  'v1/ReplicationController',
  'apps/v1/StatefulSet',
];

function generate(rules: readonly JsonObject[], annotation?: string): readonly JsonObject[] {
  const annotations = annotation === undefined ? {} : { 'pod-policies.kyverno.io/autogen-controllers': annotation };
  return generateAutogenRules(rules, annotations).map(({ document }) => document);
}

describe('generateAutogenRules', () => {
  it('wraps a pattern for templates and for the job template of a CronJob', () => {
    expect(generate([rule(PATTERN)])).toEqual([
      {
        name: 'autogen-r',
        match: { any: [{ resources: { kinds: CONTROLLER_KINDS } }] },
        validate: { message: 'm', pattern: { spec: { template: { metadata: { labels: { a: '?*' } } } } } },
      },
      {
        name: 'autogen-cronjob-r',
        match: { any: [{ resources: { kinds: ['batch/v1/CronJob'] } }] },
        validate: {
          message: 'm',
          pattern: { spec: { jobTemplate: { spec: { template: { metadata: { labels: { a: '?*' } } } } } } },
        },
      },
    ]);
  });

  it.each([
    ['none', 'none', []],
    ['one', 'Deployment', ['autogen-r']],
    ['CronJob alone', 'CronJob', ['autogen-cronjob-r']],
    ['a blank spoils a name', 'Deployment, CronJob', ['autogen-r']],
    ['nothing', '', []],
  ])('the annotation restricts: %s', (_name, annotation, names) => {
    expect(generate([rule(PATTERN)], annotation).map(({ name }) => name)).toEqual(names);
  });

  it.each<[string, readonly JsonObject[]]>([
    ['a name', [rule(PATTERN, { kinds: ['Pod'], name: 'x' })]],
    ['names', [rule(PATTERN, { kinds: ['Pod'], names: ['x'] })]],
    ['a selector', [rule(PATTERN, { kinds: ['Pod'], selector: { matchLabels: { a: 'b' } } })]],
    ['annotations', [rule(PATTERN, { kinds: ['Pod'], annotations: { a: 'b' } })]],
    ['Pod among other kinds', [rule(PATTERN, { kinds: ['Pod', 'ConfigMap'] })]],
    ['no Pod at all', [rule(PATTERN, { kinds: ['ConfigMap'] })]],
    ['a version before the kind: the need is not seen', [rule(PATTERN, { kinds: ['v1/Pod'] })]],
    ['a JSON patch', [rule({ mutate: { patchesJson6902: '[]' } })]],
    ['a JSON patch in a foreach', [rule({ mutate: { foreach: [{ list: 'x', patchesJson6902: '[]' }] } })]],
    ['a generate rule anywhere', [rule(PATTERN), rule({ generate: { kind: 'X' } }, { kinds: ['Namespace'] })]],
    ['a selector in another rule', [rule(PATTERN), rule(PATTERN, { kinds: ['ConfigMap'], selector: {} })]],
    ['an exclude without Pod', [{ ...rule(PATTERN), exclude: { any: [{ resources: { kinds: ['ConfigMap'] } }] } }]],
    ['manifests', [rule({ validate: { manifests: { attestors: [] } } })]],
    ['a rule named autogen-', [{ ...rule(PATTERN), name: 'autogen-x' }]],
  ])('nothing is made of a policy with %s', (_name, rules) => {
    expect(generate(rules)).toEqual([]);
  });

  it('namespaces, operations and users do not stand in the way, nor does an exclude without kinds', () => {
    const document: JsonObject = {
      ...rule(PATTERN, { kinds: ['Pod'], namespaces: ['a'], operations: ['CREATE'] }),
      exclude: { any: [{ resources: { namespaces: ['kube-system'] } }, { clusterRoles: ['admin'] }] },
    };
    const [template] = generate([document], 'Deployment');
    expect(template?.['match']).toEqual({
      any: [{ resources: { kinds: ['apps/v1/Deployment'], namespaces: ['a'], operations: ['CREATE'] } }],
    });
    expect(template?.['exclude']).toEqual(document['exclude']);
  });

  it('templates keep filters without Pod, a CronJob rule overwrites every filter', () => {
    const document: JsonObject = {
      ...rule(PATTERN),
      match: { any: [{ resources: { kinds: ['Pod'] } }, { resources: { kinds: ['Service'] } }] },
    };
    const kinds = generate([document], 'Deployment,CronJob').map(({ match }) => JSON.stringify(match));
    expect(kinds).toEqual([
      '{"any":[{"resources":{"kinds":["apps/v1/Deployment"]}},{"resources":{"kinds":["Service"]}}]}',
      '{"any":[{"resources":{"kinds":["batch/v1/CronJob"]}},{"resources":{"kinds":["batch/v1/CronJob"]}}]}',
    ]);
  });

  it('rewrites variables in the text of the rule, messages too, and never twice', () => {
    const body: JsonObject = {
      validate: {
        message: '{{request.object.metadata.name}} and request.oldObject.spec',
        deny: { conditions: { any: [{ key: '{{ request.object.spec.x }}', operator: 'Equals', value: 1 }] } },
      },
    };
    const texts = generate([rule(body)], 'Deployment,CronJob').map(({ validate }) => validate);
    expect(texts).toEqual([
      {
        message: '{{request.object.spec.template.metadata.name}} and request.oldObject.spec.template.spec',
        deny: {
          conditions: { any: [{ key: '{{ request.object.spec.template.spec.x }}', operator: 'Equals', value: 1 }] },
        },
      },
      {
        message:
          '{{request.object.spec.jobTemplate.spec.template.metadata.name}} and request.oldObject.spec.jobTemplate.spec.template.spec',
        deny: {
          conditions: {
            any: [{ key: '{{ request.object.spec.jobTemplate.spec.template.spec.x }}', operator: 'Equals', value: 1 }],
          },
        },
      },
    ]);
  });

  it('keeps context, preconditions and report properties, loses image extractors, nested foreach and order', () => {
    const kept: JsonObject = { context: [{ name: 'x' }], preconditions: { all: [] }, reportProperties: { a: 'b' } };
    const [verify] = generate(
      [rule({ ...kept, imageExtractors: { Pod: [] }, verifyImages: [{ imageReferences: ['*'] }] })],
      'Job',
    );
    expect(verify).toEqual({
      name: 'autogen-r',
      match: expect.anything(),
      ...kept,
      verifyImages: [{ imageReferences: ['*'] }],
    });
    const foreach = { list: 'l', order: 'Ascending', foreach: [], preconditions: {}, patchStrategicMerge: { a: 1 } };
    const [mutate] = generate([rule({ mutate: { foreach: [foreach] } })], 'Job');
    expect(mutate?.['mutate']).toEqual({
      foreach: [{ list: 'l', preconditions: {}, patchStrategicMerge: { spec: { template: { a: 1 } } } }],
    });
  });

  it('cuts names at 63 characters', () => {
    const [made] = generate([{ ...rule(PATTERN), name: 'x'.repeat(63) }], 'Job');
    expect(made?.['name']).toBe(`autogen-${'x'.repeat(55)}`);
  });

  it('survives a member named __proto__', () => {
    const body = JSON.parse('{"validate":{"pattern":{"__proto__":{"a":1}}}}') as JsonObject;
    expect(JSON.stringify(generate([rule(body)], 'Job')[0]?.['validate'])).toBe(
      '{"pattern":{"spec":{"template":{"__proto__":{"a":1}}}}}',
    );
  });
});

describe('shiftReferences', () => {
  it.each([
    ['$(./../pattern/spec/a)', 'pattern', '$(./../pattern/spec/template/spec/a)'],
    ['a $(pattern/x) b $(pattern/y)', 'pattern', 'a $(pattern/spec/template/x) b $(pattern/spec/template/y)'],
    ['$(anyPattern/0/x)', 'anyPattern', '$(anyPattern/0/spec/template/x)'],
    ['$(other/x)', 'pattern', '$(other/x)'],
    ['no pattern/x here', 'pattern', 'no pattern/x here'],
    ['$(pattern/open', 'pattern', '$(pattern/open'],
  ])('%s', (message, pivot, expected) => {
    expect(shiftReferences(message, 'spec/template', pivot)).toBe(expected);
  });
});
