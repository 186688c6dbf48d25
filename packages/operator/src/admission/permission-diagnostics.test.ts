import { loadPolicy } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { ResourceAttributes } from '@vouchsafe/kube';
import { describe, expect, it } from 'vitest';
import { diagnosePermissions } from './permission-diagnostics.ts';
import { SERVED } from './served.fixture.ts';

/** What is asked, and what is told when all of it but `allowed` is refused. */
async function judge(document: JsonObject, allowed: readonly string[] = []) {
  const { policy } = loadPolicy(document);
  if (!policy) throw new Error('the policy of the test is not valid');
  const asked: string[] = [];
  const canI = async ({ verb, resource, namespace = '*', name = '*' }: ResourceAttributes) => {
    asked.push(`${verb} ${resource} ${namespace}/${name}`);
    return allowed.includes(verb);
  };
  const told = await diagnosePermissions(policy, SERVED, canI);
  return { asked, told: told.map(({ path, message, severity }) => `${severity} ${path}: ${message}`) };
}

const rule = (more: JsonObject): JsonObject => ({
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name: 'p' },
  spec: { rules: [{ name: 'r', match: { any: [{ resources: { kinds: ['ConfigMap'] } }] }, ...more }] },
});
const SECRET = { apiVersion: 'v1', kind: 'Secret', name: 's', data: {} };

describe('what a policy asks of us is asked about', () => {
  it.each<[string, JsonObject, readonly string[]]>([
    [
      'objects it generates',
      rule({ generate: { ...SECRET, namespace: 'n' } }),
      ['get secrets n/*', 'create secrets n/*'],
    ],
    [
      'those that follow it, wherever a variable puts them',
      rule({ generate: { ...SECRET, namespace: '{{ request.namespace }}', synchronize: true } }),
      ['get secrets */*', 'create secrets */*', 'update secrets */*', 'delete secrets */*'],
    ],
    [
      'each kind that it copies',
      rule({ generate: { namespace: 'n', cloneList: { namespace: 'm', kinds: ['v1/Secret', 'v1/ConfigMap'] } } }),
      ['get secrets n/*', 'create secrets n/*', 'get configmaps n/*', 'create configmaps n/*'],
    ],
    [
      'objects it mutates',
      rule({
        mutate: {
          targets: [{ apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'n', name: 'a' }],
          patchStrategicMerge: {},
        },
      }),
      ['get serviceaccounts n/a', 'update serviceaccounts n/a'],
    ],
    [
      'objects it cleans up',
      {
        apiVersion: 'kyverno.io/v2',
        kind: 'CleanupPolicy',
        metadata: { name: 'p', namespace: 'n' },
        spec: { match: { any: [{ resources: { kinds: ['Secret'], names: ['a'] } }] }, schedule: '* * * * *' },
      },
      ['delete secrets n/a', 'list secrets n/a'],
    ],
    ['nothing of kinds that nobody serves', rule({ generate: { ...SECRET, kind: 'Widget', namespace: 'n' } }), []],
    ['nothing of a policy that only judges', rule({ validate: { deny: {} } }), []],
  ])('%s', async (_name, document, expected) => {
    expect((await judge(document, ['get', 'create', 'update', 'delete', 'list'])).asked).toEqual(expected);
  });

  it('and what is not granted is told, all at once', async () => {
    const { told } = await judge(rule({ generate: { ...SECRET, namespace: 'n', synchronize: true } }), ['get']);
    expect(told).toEqual([
      'error spec.rules[0].generate: auth check fails, additional privileges are required: create,update,delete for resource v1/Secret in namespace n',
    ]);
  });
});
