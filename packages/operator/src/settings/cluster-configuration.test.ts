import type { EvaluationRequest } from '@vouchsafe/engine';
import { describe, expect, it } from 'vitest';
import { defaultConfigurationData, parseClusterConfiguration } from './cluster-configuration.ts';

function request(part: Partial<EvaluationRequest> = {}): EvaluationRequest {
  const resource = { metadata: { name: 'x', namespace: part.namespace ?? 'default' } };
  return {
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'ConfigMap' },
    subresource: '',
    namespace: 'default',
    name: 'x',
    resource,
    oldResource: undefined,
    admission: undefined,
    user: { username: 'jane', groups: ['devs'] },
    roles: [],
    clusterRoles: [],
    namespaceLabels: {},
    dryRun: false,
    now: 0,
    ...part,
  };
}

const kind = (name: string, group = '') => ({ kind: { group, version: 'v1', kind: name } });

describe('the ConfigMap as it is made', () => {
  const configuration = parseClusterConfiguration(defaultConfigurationData('kyverno'), 'kyverno');

  it.each<[string, Partial<EvaluationRequest>, boolean]>([
    ['an ordinary object', {}, false],
    ['kube-system', { namespace: 'kube-system' }, true],
    ['our own namespace', { namespace: 'kyverno' }, true],
    ['a namespace that only begins alike', { namespace: 'kyverno-apps' }, false],
    ['a Node', { ...kind('Node'), namespace: '' }, true],
    ['an Event', kind('Event'), true],
    ['a Pod', kind('Pod'), false],
    ['a Pod’s binding', { ...kind('Pod'), subresource: 'binding' }, true],
    ['a ReplicaSet', kind('ReplicaSet', 'apps'), true],
    ['a node acting', { user: { username: 'system:node:a', groups: ['system:nodes'] } }, true],
  ])('%s', (_, part, isExcluded) => {
    expect(configuration.isExcluded(request(part))).toBe(isExcluded);
  });

  it('keeps the protected namespaces away from the webhooks', () => {
    expect(configuration.webhookNamespaceSelector).toEqual({
      matchExpressions: [
        {
          key: 'kubernetes.io/metadata.name',
          operator: 'NotIn',
          values: ['kube-system', 'kube-public', 'kube-node-lease', 'kyverno'],
        },
      ],
    });
    expect(configuration.webhookAnnotations).toEqual({ 'admissions.enforcer/disabled': 'true' });
    expect(configuration.problems).toEqual([]);
  });
});

describe('the ConfigMap as somebody wrote it', () => {
  const parse = (data: Record<string, string>) => parseClusterConfiguration(data, 'kyverno');

  it('an empty one excludes nothing, and its webhooks still spare the protected namespaces', () => {
    const configuration = parse({});
    expect(configuration.isExcluded(request({ namespace: 'kube-system' }))).toBe(false);
    expect(configuration.webhookNamespaceSelector).toBeDefined();
    expect(configuration).toMatchObject({ defaultRegistry: 'docker.io', enableDefaultRegistryMutation: true });
  });

  it('is read key by key', () => {
    const configuration = parse({
      resourceFilters: '[Secret,team-*,*]',
      excludeUsernames: 'jane',
      webhooks: '{"objectSelector":{"matchLabels":{"a":"b"}}}',
      webhookLabels: '{"a":"b"}',
      matchConditions: '[{"name":"n","expression":"true"}]',
      defaultRegistry: 'registry.example',
      enableDefaultRegistryMutation: 'false',
    });
    expect(configuration.isExcluded(request({ ...kind('Secret'), namespace: 'team-a', user: undefined }))).toBe(true);
    expect(configuration.isExcluded(request())).toBe(true);
    expect(configuration.isExcluded(request({ user: { username: 'joe', groups: [] } }))).toBe(false);
    expect(configuration).toMatchObject({
      webhookNamespaceSelector: undefined,
      webhookObjectSelector: { matchLabels: { a: 'b' } },
      webhookLabels: { a: 'b' },
      matchConditions: [{ name: 'n', expression: 'true' }],
      defaultRegistry: 'registry.example',
      enableDefaultRegistryMutation: false,
    });
  });

  it.each([
    ['nothing', {}, []],
    ['all successes', { generateSuccessEvents: 'true' }, ['Resource Passed', 'Resource Mutated']],
    [
      'those of some actions',
      { generateSuccessEvents: 'true', successEventActions: 'Resource Mutated, None' },
      ['Resource Mutated'],
    ],
  ])('tells %s by events', (_name, data, told) => {
    const { tellsSuccess } = parse(data);
    expect(['Resource Passed', 'Resource Mutated'].filter((action) => tellsSuccess?.(action))).toEqual(told);
  });

  it('a value that cannot be read is named, and its default holds', () => {
    const configuration = parse({ webhooks: '{', webhookLabels: 'no', webhookAnnotations: '[', matchConditions: '{}' });
    expect(configuration.problems).toEqual(['webhooks', 'webhookLabels', 'webhookAnnotations', 'matchConditions']);
    expect(configuration.webhookNamespaceSelector).toMatchObject({ matchExpressions: [{ operator: 'NotIn' }] });
    expect(configuration.webhookLabels).toEqual({});
  });

  it.each([
    ['webhooks', '[]'],
    ['webhookLabels', '{"a":1}'],
    ['matchConditions', '["x"]'],
  ])('a value of another shape is a problem, too: %s', (key, text) => {
    expect(parse({ [key]: text }).problems).toEqual([key]);
  });
});
