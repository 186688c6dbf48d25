import { describe, expect, it } from 'vitest';
import type { KubeClient } from './kube-client.ts';
import { reviewSelfSubjectAccess, reviewSubjectAccess } from './subject-access-review.ts';

describe('access reviews', () => {
  it.each([
    ['allowed', { allowed: true, reason: 'RBAC' }, { allowed: true, reason: 'RBAC', evaluationError: undefined }],
    ['denied wins', { allowed: true, denied: true }, { allowed: false, reason: '', evaluationError: undefined }],
    ['no answer', {}, { allowed: false, reason: '', evaluationError: undefined }],
    ['odd answer', { allowed: 'true', evaluationError: 'x' }, { allowed: false, reason: '', evaluationError: 'x' }],
  ])('%s', async (_, status, expected) => {
    const asked: unknown[] = [];
    const client: Pick<KubeClient, 'create'> = {
      create: async ({ group, version, resource }, object) => {
        asked.push([`${group}/${version} ${resource}`, object.kind, object['spec']]);
        return { ...object, status };
      },
    };
    const attributes = { verb: 'create', group: 'apps', resource: 'deployments', namespace: 'ns' };
    expect(await reviewSubjectAccess(client, { username: 'jane', groups: ['dev'] }, attributes)).toEqual(expected);
    expect(await reviewSelfSubjectAccess(client, { verb: 'get', path: '/metrics' })).toEqual(expected);
    expect(asked).toEqual([
      [
        'authorization.k8s.io/v1 subjectaccessreviews',
        'SubjectAccessReview',
        { user: 'jane', groups: ['dev'], resourceAttributes: attributes },
      ],
      [
        'authorization.k8s.io/v1 selfsubjectaccessreviews',
        'SelfSubjectAccessReview',
        { nonResourceAttributes: { verb: 'get', path: '/metrics' } },
      ],
    ]);
  });
});
