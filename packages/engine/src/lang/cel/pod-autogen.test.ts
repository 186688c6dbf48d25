import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.ts';
import { toCelSpec } from '../../model/cel-policy-document.ts';
import { type AutogenConfig, autogenConfigs, toAutogenStatus } from './pod-autogen.ts';
import { rewritePodReferences } from './pod-references.ts';

const PODS: JsonObject = {
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'],
  resources: ['pods'],
};

function configs(matchConstraints: JsonObject | undefined, controllers?: string[]): readonly AutogenConfig[] {
  return autogenConfigs(
    toCelSpec({
      ...(matchConstraints ? { matchConstraints } : {}),
      ...(controllers ? { autogen: { podControllers: { controllers } } } : {}),
    }),
  );
}

function kindsOf(found: readonly AutogenConfig[]): readonly string[] {
  return found.flatMap(({ name, targets }) => targets.map(({ kind }) => `${name}/${kind}`));
}

const ALL = [
  'defaults/DaemonSet',
  'defaults/Deployment',
  'defaults/ReplicaSet',
  'defaults/StatefulSet',
  'defaults/Job',
  'cronjobs/CronJob',
];

describe('which policies autogen extends', () => {
  const rows: [string, JsonObject | undefined, readonly string[]][] = [
    ['those about Pods alone', { resourceRules: [PODS] }, ALL],
    ['with an empty object selector', { resourceRules: [PODS], objectSelector: {} }, ALL],
    ['with a namespace selector', { resourceRules: [PODS], namespaceSelector: { matchLabels: { a: 'b' } } }, ALL],
    ['not without constraints', undefined, []],
    ['not with an object selector', { resourceRules: [PODS], objectSelector: { matchLabels: { a: 'b' } } }, []],
    ['not with exclusions', { resourceRules: [PODS], excludeResourceRules: [PODS] }, []],
    ['not with two rules', { resourceRules: [PODS, PODS] }, []],
    ['not with names', { resourceRules: [{ ...PODS, resourceNames: ['a'] }] }, []],
    ['not with another resource', { resourceRules: [{ ...PODS, resources: ['pods', 'services'] }] }, []],
    ['not with a subresource', { resourceRules: [{ ...PODS, resources: ['pods/exec'] }] }, []],
    ['not with any group', { resourceRules: [{ ...PODS, apiGroups: ['*'] }] }, []],
    ['not with any version', { resourceRules: [{ ...PODS, apiVersions: ['*'] }] }, []],
    ['not without operations', { resourceRules: [{ ...PODS, operations: [] }] }, []],
  ];
  it.each(rows)('%s', (_name, constraints, wanted) => {
    expect(kindsOf(configs(constraints))).toEqual(wanted);
  });
});

describe('which controllers', () => {
  const rows: [string, string[], readonly string[]][] = [
    ['an empty list is none', [], []],
    ['one', ['deployments'], ['defaults/Deployment']],
    ['cronjobs have a configuration of their own', ['cronjobs'], ['cronjobs/CronJob']],
    ['unknown names are ignored', ['pods', 'jobs', 'nonsense'], ['defaults/Job']],
  ];
  it.each(rows)('%s', (_name, controllers, wanted) => {
    expect(kindsOf(configs({ resourceRules: [PODS] }, controllers))).toEqual(wanted);
  });

  it('one rule a group, sorted, with the operations and the namespace selector of the policy', () => {
    const namespaceSelector = { matchLabels: { env: 'prod' } };
    const [defaults] = configs({
      resourceRules: [{ ...PODS, scope: 'Namespaced' }],
      namespaceSelector,
      matchPolicy: 'Exact',
    });
    const operations = ['CREATE', 'UPDATE'];
    expect(defaults?.matchConstraints).toEqual({
      namespaceSelector,
      resourceRules: [
        {
          apiGroups: ['apps'],
          apiVersions: ['v1'],
          operations,
          resources: ['daemonsets', 'deployments', 'replicasets', 'statefulsets'],
        },
        { apiGroups: ['batch'], apiVersions: ['v1'], operations, resources: ['jobs'] },
      ],
    });
  });
});

describe('how references are rewritten', () => {
  const [defaults, cronJobs] = configs({ resourceRules: [PODS] });
  const rows: [string, string, string][] = [
    ['spec', 'object.spec.containers', 'object.spec.template.spec.containers'],
    ['metadata', 'object.metadata.labels', 'object.spec.template.metadata.labels'],
    ['the old object', 'oldObject.spec == object.spec', 'oldObject.spec.template.spec == object.spec.template.spec'],
    ['in has()', 'has(object.spec)', 'has(object.spec.template.spec)'],
    ['of the request', 'request.object.spec', 'request.object.spec.template.spec'],
    ['the namespace stays', 'object.metadata.namespace', 'object.metadata.namespace'],
    ['the namespace stays before an operator', 'object.metadata.namespace=="a"', 'object.metadata.namespace=="a"'],
    ['a longer name does not', 'object.metadata.namespaceX', 'object.spec.template.metadata.namespaceX'],
    ['the name is the template’s', 'object.metadata.name', 'object.spec.template.metadata.name'],
    ['without a word boundary', 'object.specification', 'object.spec.template.specification'],
    ['not by index', 'object["spec"]', 'object["spec"]'],
    ['not an optional one', 'object.?spec', 'object.?spec'],
    ['not with a blank', 'object .spec', 'object .spec'],
  ];
  it.each(rows)('%s', (_name, written, wanted) => {
    const spec = { validations: [{ expression: written, message: written }] };
    expect(defaults && rewritePodReferences(spec, defaults)['validations']).toEqual([
      { expression: wanted, message: wanted },
    ]);
  });

  it('deeper for cronjobs', () => {
    const spec = { variables: [{ name: 'a', expression: 'object.spec.x + object.metadata.y' }] };
    const template = 'object.spec.jobTemplate.spec.template';
    expect(cronJobs && rewritePodReferences(spec, cronJobs)).toEqual({
      variables: [{ name: 'a', expression: `${template}.spec.x + ${template}.metadata.y` }],
      matchConstraints: cronJobs?.matchConstraints,
    });
  });

  it('names that objects inherit are names like others', () => {
    const spec: JsonObject = JSON.parse('{"__proto__": {"object.spec": "object.spec"}}');
    const rewritten = defaults && rewritePodReferences(spec, defaults);
    expect(JSON.stringify(rewritten)).toContain(
      '"__proto__":{"object.spec.template.spec":"object.spec.template.spec"}',
    );
  });

  it('the status tells targets and specs by configuration', () => {
    const status = toAutogenStatus(defaults ? [{ config: defaults, spec: { validations: [] } }] : []);
    expect(status).toMatchObject({
      defaults: {
        spec: { validations: [] },
        targets: [{ group: 'apps', version: 'v1', resource: 'daemonsets', kind: 'DaemonSet' }, {}, {}, {}, {}],
      },
    });
  });
});
