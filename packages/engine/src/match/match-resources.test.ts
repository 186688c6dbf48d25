import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../kernel/json.ts';
import { toMatchResources } from '../model/match-document.ts';
import { requestOf } from '../model/request.fixture.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { compileExcludedUsers } from './excluded-users.ts';
import { compileMatch } from './match-resources.ts';
import { compileResourceFilters } from './resource-filters.ts';

const POD: JsonObject = {
  metadata: { name: 'web-1', namespace: 'default', labels: { app: 'web' }, annotations: { 'a.b/c': 'd' } },
};

function request(given: Partial<EvaluationRequest> = {}): EvaluationRequest {
  return requestOf(POD, {
    namespace: 'default',
    name: 'web-1',
    user: { username: 'system:serviceaccount:ci:bot', groups: ['system:authenticated', 'ci'] },
    roles: ['default:editor'],
    clusterRoles: ['view'],
    namespaceLabels: { env: 'prod' },
    ...given,
  });
}

function matches(
  block: JsonObject,
  given: Partial<EvaluationRequest> = {},
  use: 'policy' | 'exception' | 'cleanup' = 'policy',
): boolean {
  const asked = request(given);
  return compileMatch(toMatchResources(block), undefined, use).matches(asked, asked.resource ?? {});
}

const of = (resources: JsonObject, user: JsonObject = {}): JsonObject => ({ any: [{ resources, ...user }] });

describe('one filter', () => {
  it.each<[string, JsonObject, boolean]>([
    ['kind', { kinds: ['Pod'] }, true],
    ['version and kind', { kinds: ['v1/Pod'] }, true],
    ['another version', { kinds: ['v2/Pod'] }, false],
    ['group, version, kind', { kinds: ['apps/v1/Pod'] }, false],
    ['kind wildcards', { kinds: ['P?d'] }, true],
    ['too many parts', { kinds: ['a/b/c/d/e'] }, false],
    ['name', { kinds: ['Pod'], name: 'web-*' }, true],
    ['names', { names: ['x', 'web-?'] }, true],
    ['no such name', { names: ['web'] }, false],
    ['namespace', { namespaces: ['kube-*', 'def*'] }, true],
    ['annotation with wildcards in both', { annotations: { 'a.?/*': '*' } }, true],
    ['annotation without its value', { annotations: { 'a.b/c': 'x' } }, false],
    ['selector', { selector: { matchLabels: { app: 'web' } } }, true],
    ['selector: any label', { selector: { matchLabels: { '*': '*' } } }, true],
    ['selector: two pairs', { selector: { matchLabels: { app: 'web', tier: '*' } } }, false],
    ['In', { selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] } }, true],
    [
      'NotIn of an absent label',
      { selector: { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['db'] }] } },
      true,
    ],
    ['Exists', { selector: { matchExpressions: [{ key: 'tier', operator: 'Exists' }] } }, false],
    ['DoesNotExist', { selector: { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] } }, true],
    [
      'an unknown operator',
      { selector: { matchExpressions: [{ key: 'app', operator: 'Near', values: ['web'] }] } },
      false,
    ],
    ['a label named after the prototype', { selector: { matchLabels: { constructor: '*' } } }, false],
    ['namespaceSelector', { namespaceSelector: { matchLabels: { env: 'prod' } } }, true],
    ['operation', { kinds: ['Pod'], operations: ['UPDATE', 'CREATE'] }, true],
    ['another operation', { kinds: ['Pod'], operations: ['DELETE'] }, false],
    ['nothing', {}, false],
  ])('%s', (_name, resources, expected) => {
    expect(matches(of(resources))).toBe(expected);
  });

  it.each<[string, JsonObject, boolean]>([
    ['role', { roles: ['default:editor'] }, true],
    ['roles know no wildcards', { roles: ['default:*'] }, false],
    ['cluster role', { clusterRoles: ['admin', 'view'] }, true],
    ['role and another cluster role', { roles: ['default:editor'], clusterRoles: ['admin'] }, false],
    ['service account', { subjects: [{ kind: 'ServiceAccount', name: 'b*', namespace: 'ci' }] }, true],
    [
      'service account of another namespace',
      { subjects: [{ kind: 'ServiceAccount', name: 'bot', namespace: 'cd' }] },
      false,
    ],
    ['group', { subjects: [{ kind: 'Group', name: 'c?' }] }, true],
    ['user', { subjects: [{ kind: 'User', name: 'system:*' }] }, true],
  ])('%s', (_name, user, expected) => {
    expect(matches(of({}, user))).toBe(expected);
  });
});

describe('blocks', () => {
  const pods = { resources: { kinds: ['Pod'] } };
  const services = { resources: { kinds: ['Service'] } };

  it.each<[string, JsonObject, boolean]>([
    ['any', { any: [services, pods] }, true],
    ['all', { all: [pods, services] }, false],
    ['any before all', { any: [pods], all: [services] }, true],
    ['inline', pods, true],
    ['empty', {}, false],
  ])('%s', (_name, block, expected) => {
    expect(matches(block)).toBe(expected);
  });

  it('a scan drops users from match, not from exclude', () => {
    const scan = { user: undefined, roles: [], clusterRoles: [] };
    const users = { subjects: [{ kind: 'User', name: '*' }] };
    expect(matches(of({ kinds: ['Pod'] }, users), scan)).toBe(true);
    expect(matches(of({}, users), scan)).toBe(false);
    const excluding = compileMatch(toMatchResources(of({ kinds: ['Pod'] })), toMatchResources(of({}, users)));
    expect(excluding.matches(request(scan), POD)).toBe(true);
    expect(excluding.matches(request(), POD)).toBe(false);
  });

  it('exclude all needs every filter', () => {
    const exclude = (block: JsonObject) =>
      compileMatch(toMatchResources(pods), toMatchResources(block)).matches(request(), POD);
    expect(exclude({ all: [pods, { resources: { namespaces: ['other'] } }] })).toBe(true);
    expect(exclude({ all: [pods, { resources: { namespaces: ['default'] } }] })).toBe(false);
    expect(exclude({ any: [{}] })).toBe(true);
  });

  it('says why', () => {
    const predicate = compileMatch(
      toMatchResources({ any: [services, of({ kinds: ['Pod'], namespaces: ['prod'] })['any']].flat() as never }),
      undefined,
    );
    expect(predicate.explain(request(), POD)).toEqual({
      matched: false,
      step: 'match',
      reasons: [
        '`any[0]`: kind `v1/Pod` is not one of [`Service`]',
        '`any[1]`: namespace `default` is not one of [`prod`]',
      ],
    });
    const excluded = compileMatch(toMatchResources(pods), toMatchResources(pods));
    expect(excluded.explain(request(), POD)).toEqual({
      matched: false,
      step: 'exclude',
      reasons: ['excluded by `resources`'],
    });
  });
});

describe('who asks matters', () => {
  const ephemeral = { subresource: 'ephemeralcontainers' };
  const namespace = {
    kind: { group: '', version: 'v1', kind: 'Namespace' },
    resource: { metadata: { name: 'prod' } },
    namespace: 'prod',
  };
  const selecting = of({ kinds: ['Namespace'], namespaceSelector: { matchLabels: { no: 'such' } } });

  it.each([
    ['policy', true, false, false],
    ['exception', true, true, true],
    ['cleanup', false, true, true],
  ] as const)('%s', (use, ephemeralContainers, namespaceSelector, operations) => {
    expect(matches(of({ kinds: ['Pod'] }), ephemeral, use)).toBe(ephemeralContainers);
    expect(matches(selecting, namespace, use)).toBe(namespaceSelector);
    expect(matches(of({ kinds: ['Pod'], operations: ['DELETE'] }), {}, use)).toBe(operations);
  });

  it('a Namespace is inside itself', () => {
    expect(matches(of({ kinds: ['Namespace'], namespaces: ['prod'] }), namespace)).toBe(true);
  });
});

describe('compileResourceFilters', () => {
  const filters = compileResourceFilters('[Event,*,*][*/*,kube-system,*] [Node/?*,*,*][Pod,only][*,sp ace,*][a,b,c,d]');
  it.each<[string, Partial<EvaluationRequest>, boolean]>([
    ['a kind', { kind: { group: '', version: 'v1', kind: 'Event' } }, true],
    ['a namespace', { namespace: 'kube-system' }, true],
    ['a subresource there', { namespace: 'kube-system', subresource: 'binding' }, true],
    ['a plain kind of subresources', { kind: { group: '', version: 'v1', kind: 'Node' } }, false],
    ['a subresource of it', { kind: { group: '', version: 'v1', kind: 'Node' }, subresource: 'status' }, true],
    ['a part that is missing matches nothing named', { namespace: 'only' }, false],
    [
      'the Namespace of a filtered namespace',
      {
        kind: { group: '', version: 'v1', kind: 'Namespace' },
        namespace: 'x',
        resource: { metadata: { name: 'kube-system' } },
      },
      true,
    ],
    ['nothing', {}, false],
  ])('%s', (_name, given, expected) => {
    expect(filters(request(given))).toBe(expected);
  });

  it('survives unbalanced brackets', () => {
    expect(compileResourceFilters('[[[]Pod,*,*]]')(request())).toBe(false);
  });
});

describe('compileExcludedUsers', () => {
  it.each([
    [{ excludeGroups: 'system:nodes, ci' }, true],
    [{ excludeUsernames: 'system:serviceaccount:ci:*' }, true],
    [{ excludeRoles: 'default:ed*' }, true],
    [{ excludeClusterRoles: 'admin' }, false],
    [{ excludeGroups: 'ci', excludeUsernames: '!system:serviceaccount:ci:bot' }, false],
    [{ excludeGroups: ' , !' }, false],
  ])('%j', (lists, expected) => {
    expect(compileExcludedUsers(lists)(request())).toBe(expected);
  });
});
