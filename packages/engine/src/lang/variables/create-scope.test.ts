import { describe, expect, it } from 'vitest';
import { FactTable } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import { requestOf } from '../../model/request.fixture.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import { compileTemplate } from './compile-template.ts';
import { createScope } from './create-scope.ts';
import type { Scope } from './scope.ts';

const pod: JsonObject = { kind: 'Pod', spec: { containers: [{ name: 'c', image: 'nginx' }] } };

function scopeOf(request: Partial<EvaluationRequest>, resource = pod, resolveRequestVariables = false): Scope {
  const input: RuleInput = {
    request: requestOf(resource, { namespace: 'ns', name: 'n', now: 5, ...request }),
    resource,
    phase: 'validate',
    facts: new FactTable(),
    trace: undefined,
  };
  return createScope(input, { host: STILL_HOST, resolveRequestVariables });
}

const user = { username: 'system:serviceaccount:team:bot', groups: ['g'] };

describe('request', () => {
  it('of a scan has operation, namespace and object only', () => {
    expect(scopeOf({}).lookup('request')).toEqual({ operation: 'CREATE', namespace: 'ns', object: pod });
  });

  it('of a scan that deletes has the old object', () => {
    expect(scopeOf({ operation: 'DELETE', resource: undefined, oldResource: pod }).lookup('request')).toEqual({
      operation: 'DELETE',
      namespace: 'ns',
      oldObject: pod,
    });
  });

  it('of an admission is the request as received, with roles and the dry-run flag', () => {
    const scope = scopeOf({
      admission: { uid: 'u', name: 'n', object: { stale: true } },
      user,
      roles: ['ns:r'],
      dryRun: true,
    });
    expect(scope.lookup('request')).toEqual({
      uid: 'u',
      name: 'n',
      operation: 'CREATE',
      object: pod,
      oldObject: null,
      userInfo: { username: user.username, groups: ['g'] },
      roles: ['ns:r'],
      clusterRoles: null,
      synchronize: true,
    });
  });

  it('merges with the variables of the caller', () => {
    const scope = scopeOf({ variables: { request: { operation: 'UPDATE', object: { extra: 1 } }, other: 2 } });
    expect(scope.lookup('request')).toMatchObject({ operation: 'UPDATE', object: { kind: 'Pod', extra: 1 } });
    expect(scope.lookup('other')).toBe(2);
  });

  it('sees the patched resource, without copying the rest', () => {
    const scope = scopeOf({ admission: { big: { a: 1 } } });
    const request = scope.lookup('request') as JsonObject;
    const patched = scope.withResource({ kind: 'Pod', patched: true }).lookup('request') as JsonObject;
    expect(patched['object']).toEqual({ kind: 'Pod', patched: true });
    expect(patched['big']).toBe(request['big']);
  });
});

describe('other variables', () => {
  it.each([
    [{ user }, 'bot', 'team'],
    [{ user: { username: 'alice', groups: [] } }, '', ''],
    [{}, undefined, undefined],
  ])('the service account of %j', (request, name, namespace) => {
    const scope = scopeOf(request);
    expect(scope.lookup('serviceAccountName')).toBe(name);
    expect(scope.lookup('serviceAccountNamespace')).toBe(namespace);
  });

  it('images of workloads only', () => {
    expect(scopeOf({}).lookup('images')).toMatchObject({ containers: { c: { reference: 'docker.io/nginx:latest' } } });
    expect(scopeOf({ kind: { group: '', version: 'v1', kind: 'ConfigMap' } }).lookup('images')).toBeUndefined();
  });

  it('images that cannot be parsed are an error for who reads them', () => {
    const scope = scopeOf({}, { kind: 'Pod', spec: { containers: [{ name: 'c', image: 'A B' }] } });
    expect(scope.lookup('images')).toBeInstanceOf(EvaluationError);
    expect(scope.lookup('request')).toBeDefined();
  });

  it.each(['constructor', '__proto__', 'hasOwnProperty', 'nope'])('%s does not exist', (name) => {
    expect(scopeOf({ variables: {} }).lookup(name)).toBeUndefined();
    expect(scopeOf({}).with({ a: 1 }).lookup(name)).toBeUndefined();
  });
});

describe('what came with the request', () => {
  const given = ['request', 'images', 'element', 'elementIndex0', 'target', 'serviceAccountName'];
  const added = scopeOf({ variables: { a: 1 } })
    .withElement({}, 0, 0)
    .with({ target: {} });

  it('are the variables of a request, and those that a rule makes of it', () => {
    expect([...given, 'a', 'elements', 'nope'].filter((name) => added.isGiven(name))).toEqual(given);
  });

  it('is nothing with the switch for the ways of upstream', () => {
    const resolving = scopeOf({}, pod, true).withElement({}, 0, 0).with({ target: {} });
    expect(given.filter((name) => resolving.isGiven(name))).toEqual([]);
    const resource = { ...pod, metadata: { name: 'x{{ request.operation }}' } };
    const name = compileTemplate('n {{ request.object.metadata.name }}', { host: STILL_HOST });
    expect(name.evaluate(scopeOf({}, resource, true))).toBe('n xCREATE');
    expect(name.evaluate(scopeOf({}, resource))).toBe('n x{{ request.operation }}');
  });
});

describe('children', () => {
  it('shadow, and the whole root shows them', () => {
    const child = scopeOf({}).with({ element: 1, a: 1 }).with({ element: 2 });
    expect(child.lookup('element')).toBe(2);
    expect(child.toJson()).toMatchObject({ element: 2, a: 1, request: { operation: 'CREATE' } });
  });

  it('load lazily, once, and not for the whole root', () => {
    let loads = 0;
    const child = scopeOf({}).withLazy('x', () => {
      loads++;
      return null;
    });
    expect(child.toJson()).not.toHaveProperty('x');
    expect([child.lookup('x'), child.lookup('x'), loads]).toEqual([null, null, 1]);
    expect(child.toJson()).toHaveProperty('x', null);
    expect(child.now).toBe(5);
  });
});
