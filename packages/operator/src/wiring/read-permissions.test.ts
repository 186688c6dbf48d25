import type { CompiledPolicy } from '@vouchsafe/engine';
import type { KubeClient } from '@vouchsafe/kube';
import { describe, expect, it } from 'vitest';
import { createReadPermissions } from './read-permissions.ts';

const policy = { selectors: [{ group: '', version: 'v1', resource: 'pods/log' }] } as unknown as CompiledPolicy; // what is looked at

function setUp(account?: string) {
  let isAllowed = false;
  let time = 0;
  const asked: unknown[] = [];
  const client = {
    create: async (_: unknown, review: Record<string, unknown>) => {
      asked.push(review);
      return { ...review, status: { allowed: isAllowed, reason: isAllowed ? '' : 'no role' } };
    },
  } as unknown as KubeClient; // what is called
  const permissions = createReadPermissions(client, () => time, account);
  return {
    asked,
    missing: () => permissions.missing(policy),
    allow: (allowed: boolean) => {
      isAllowed = allowed;
    },
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

describe('what scans may read', () => {
  it('is what we may, unless an account is named', async () => {
    const own = setUp();
    expect(await own.missing()).toEqual([
      'get /v1, Resource=pods/log: no role',
      'list /v1, Resource=pods/log: no role',
      'watch /v1, Resource=pods/log: no role',
    ]);
    expect(own.asked).toMatchObject([{ kind: 'SelfSubjectAccessReview' }, {}, {}]);
    const other = setUp('system:serviceaccount:kyverno:reports');
    await other.missing();
    expect(other.asked[0]).toMatchObject({
      kind: 'SubjectAccessReview',
      spec: {
        user: 'system:serviceaccount:kyverno:reports',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kyverno', 'system:authenticated'],
        resourceAttributes: { verb: 'get', resource: 'pods', subresource: 'log' },
      },
    });
  });

  it('is asked again soon when it is missing, and late when it is there', async () => {
    const { missing, allow, pass, asked } = setUp();
    await missing();
    allow(true);
    pass(3_000);
    expect(await missing()).toEqual([]);
    allow(false);
    pass(60_000);
    expect(await missing()).toEqual([]);
    expect(asked).toHaveLength(6);
    pass(300_000);
    expect(await missing()).toHaveLength(3);
  });
});
