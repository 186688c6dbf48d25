import { describe, expect, it } from 'vitest';
import { createRoleIndex } from './role-index.ts';

const binding = (namespace: string, role: string, kind: string, ...subjects: Record<string, string>[]) => ({
  metadata: { name: 'b', ...(namespace ? { namespace } : {}) },
  roleRef: { kind, name: role },
  subjects,
});

const index = createRoleIndex([
  binding('dev', 'editor', 'Role', { kind: 'User', name: 'alice' }, { kind: 'Group', name: 'dev' }),
  binding('dev', 'view', 'ClusterRole', { kind: 'User', name: 'alice' }),
  binding('', 'admin', 'ClusterRole', { kind: 'Group', name: 'ops' }),
  binding('ci', 'deployer', 'Role', { kind: 'ServiceAccount', name: 'robot' }),
  binding('ci', 'reader', 'Role', { kind: 'ServiceAccount', name: 'robot', namespace: 'other' }),
  binding('x', 'broken', 'Nonsense', { kind: 'User', name: 'alice' }),
]);

describe('roles of a user', () => {
  it.each([
    ['a user by name', 'alice', [], 'dev', ['dev:editor'], ['view']],
    ['a cluster role bound in a namespace counts only there', 'alice', [], 'prod', ['dev:editor'], []],
    ['groups', 'bob', ['dev', 'ops'], 'prod', ['dev:editor'], ['admin']],
    ['a service account of the binding’s namespace', 'system:serviceaccount:ci:robot', [], 'ci', ['ci:deployer'], []],
    ['a service account of a named namespace', 'system:serviceaccount:other:robot', [], 'ci', ['ci:reader'], []],
    ['names are exact', 'alic', ['de'], 'dev', [], []],
    ['no prototype is a subject', 'constructor', ['__proto__'], 'dev', [], []],
  ])('%s', (_, username, groups, namespace, roles, clusterRoles) => {
    expect(index.rolesOf({ username, groups }, namespace)).toEqual({ roles, clusterRoles });
  });
});
