import { beforeEach, describe, expect, it } from 'vitest';
import { createTestCluster } from '../api/test-cluster.ts';
import { serviceAccountUser, type UserInfo } from '../api/user-info.ts';
import type { JsonObject } from '../store/json-value.ts';
import { bootstrapCluster } from '../workloads/bootstrap-cluster.ts';
import { createRbacAuthorizer } from './rbac-authorizer.ts';

const alice: UserInfo = { username: 'alice', groups: ['dev', 'system:authenticated'] };
const robot = serviceAccountUser('ci', 'robot');
const root: UserInfo = { username: 'root', groups: ['system:masters'] };
const nobody: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

let authorizer: ReturnType<typeof createRbacAuthorizer>;
beforeEach(() => {
  const { store, ...cluster } = createTestCluster();
  bootstrapCluster({ ...cluster, store }, 'ca');
  authorizer = createRbacAuthorizer(store);
  const add = (kind: string, namespace: string, name: string, content: JsonObject): void => {
    store.create(`${kind}.rbac.authorization.k8s.io`, namespace, name, { metadata: { name, namespace }, ...content });
  };
  const role = (kind: string, name: string): JsonObject => ({ roleRef: { kind, name } });
  add('rolebindings', 'shop', 'editors', {
    ...role('ClusterRole', 'edit'),
    subjects: [{ kind: 'Group', name: 'dev' }],
  });
  add('roles', 'shop', 'one-secret', {
    rules: [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['token'] }],
  });
  add('rolebindings', 'shop', 'robots', {
    ...role('Role', 'one-secret'),
    subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'ci' }],
  });
  add('clusterroles', '', 'scaler', { rules: [{ verbs: ['update'], apiGroups: ['*'], resources: ['*/scale'] }] });
  add('clusterrolebindings', '', 'scalers', {
    ...role('ClusterRole', 'scaler'),
    subjects: [{ kind: 'User', name: 'alice' }],
  });
  add('clusterroles', '', 'widgets-edit', {
    metadata: { name: 'widgets-edit', labels: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' } },
    rules: [{ verbs: ['create'], apiGroups: ['example.com'], resources: ['widgets'] }],
  });
});

describe('createRbacAuthorizer', () => {
  it.each([
    ['root may do anything', root, 'delete', '', 'nodes', '', 'x', true],
    ['a group by its binding, in its namespace', alice, 'create', 'apps', 'deployments', 'shop', '', true],
    ['not in another namespace', alice, 'create', 'apps', 'deployments', 'bank', '', false],
    ['not cluster-wide', alice, 'list', '', 'pods', '', '', false],
    ['view aggregated into edit', alice, 'list', '', 'pods', 'shop', '', true],
    ['a new role aggregated into edit', alice, 'create', 'example.com', 'widgets', 'shop', '', true],
    ['roles stay with admins', alice, 'create', 'rbac.authorization.k8s.io', 'roles', 'shop', '', false],
    ['a part of every resource', alice, 'update', 'apps', 'deployments/scale', 'bank', 'x', true],
    ['a service account by name', robot, 'get', '', 'secrets', 'shop', 'token', true],
    ['not another object', robot, 'get', '', 'secrets', 'shop', 'other', false],
    ['not a list', robot, 'list', '', 'secrets', 'shop', '', false],
    ['nobody', nobody, 'get', '', 'pods', 'shop', 'x', false],
  ])('%s', (_name, user, verb, group, resource, namespace, name, allowed) => {
    const [plural = '', subresource = ''] = resource.split('/');
    const decision = authorizer.authorize({
      user,
      verb,
      group,
      version: 'v1',
      plural,
      subresource,
      namespace,
      name,
      path: undefined,
    });
    expect(decision.allowed).toBe(allowed);
  });

  it.each([
    ['/version', nobody, true],
    ['/apis/apps/v1', nobody, false],
    ['/apis/apps/v1', alice, true],
    ['/metrics', alice, false],
  ])('path %s', (path, user, allowed) => {
    const decision = authorizer.authorize({
      user,
      verb: 'get',
      group: '',
      version: '',
      plural: '',
      subresource: '',
      namespace: '',
      name: '',
      path,
    });
    expect(decision.allowed).toBe(allowed);
  });

  it('names the binding that allowed', () => {
    const access = {
      user: alice,
      verb: 'create',
      group: 'apps',
      version: 'v1',
      plural: 'deployments',
      subresource: '',
      namespace: 'shop',
      name: '',
      path: undefined,
    };
    expect(authorizer.authorize(access).reason).toBe(
      'RBAC: allowed by RoleBinding "editors/shop" of ClusterRole "edit" to Group "dev"',
    );
  });
});
