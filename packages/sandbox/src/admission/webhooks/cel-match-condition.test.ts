import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../store/json-value.ts';
import { compileCelMatchCondition } from './cel-match-condition.ts';

const request: JsonObject = {
  operation: 'CREATE',
  userInfo: { username: 'system:node:a', groups: ['system:nodes'] },
  namespace: 'web',
  resource: { group: 'apps', version: 'v1', resource: 'deployments' },
};
const object: JsonObject = { metadata: { name: 'a', labels: { app: 'x' } }, spec: { replicas: 2 } };

describe('match conditions in CEL', () => {
  it.each<[string, unknown]>([
    ["request.operation == 'CREATE'", true],
    ["!request.userInfo.username.startsWith('system:node:')", false],
    ["'system:nodes' in request.userInfo.groups", true],
    ["request.resource.resource == 'leases'", false],
    ['object.spec.replicas > 1 && oldObject == null', true],
    ["object.metadata.labels['app'] == 'x'", true],
    ['object.spec.missing == 1', { error: 'no such key: missing' }],
    ['has(object.spec.missing) || object.spec.replicas == 2', true],
  ])('%s', (expression, expected) => {
    expect(compileCelMatchCondition(expression)({ request, object, oldObject: undefined })).toEqual(expected);
  });

  it('is an error of every evaluation when it does not compile', () => {
    expect(compileCelMatchCondition('request.uid == "1"')({ request, object, oldObject: undefined })).toEqual({
      error: 'compilation failed: ERROR: <input>:1:8: undefined field \'uid\'\n | request.uid == "1"\n | .......^',
    });
    expect(compileCelMatchCondition('1 + 1')({ request, object, oldObject: undefined })).toEqual({
      error: 'must evaluate to bool',
    });
  });
});
