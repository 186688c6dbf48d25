import { describe, expect, it } from 'vitest';
import type { Decision, RuleResult } from '../model/decision.ts';
import { requestOf } from '../model/request.fixture.ts';
import { toAdmissionResponse } from './admission-response.ts';
import { blockedMessage } from './block-decision.ts';

function result(
  rule: string,
  status: RuleResult['status'],
  action: RuleResult['action'],
  message = `${status}!`,
): RuleResult {
  return { rule, type: 'Validation', status, action, message, ...(status === 'pass' ? {} : { emitWarning: true }) };
}

function decision(name: string, results: readonly RuleResult[], given: Partial<Decision> = {}): Decision {
  return {
    policy: { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name },
    phase: 'validate',
    standing: 'enforce',
    resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web' },
    failurePolicy: 'Fail',
    results,
    effects: [],
    ...given,
  };
}

const HEAD = '\n\nresource Pod/default/web was blocked due to the following policies \n\n';

describe('blockedMessage', () => {
  it('names every rule that neither passed nor was skipped', () => {
    const decisions = [
      decision('b', [result('r2', 'fail', 'Enforce'), result('r1', 'fail', 'Audit'), result('r3', 'pass', 'Enforce')]),
      decision('a', [result('x', 'error', 'Audit', 'validation error: down')]),
    ];
    expect(blockedMessage(decisions)).toBe(`${HEAD}a:\n  x: 'validation error: down'\nb:\n  r1: fail!\n  r2: fail!\n`);
  });

  it.each([
    ['a failure that audits', [decision('p', [result('r', 'fail', 'Audit')])], false],
    ['a failure that enforces', [decision('p', [result('r', 'fail', 'Enforce')])], true],
    ['an error under Fail', [decision('p', [result('r', 'error', 'Audit')])], true],
    ['an error under Ignore', [decision('p', [result('r', 'error', 'Enforce')], { failurePolicy: 'Ignore' })], false],
    [
      'an error under Ignore beside a policy with Fail: failurePolicy sticks',
      [
        decision('p', [result('r', 'pass', 'Audit')]),
        decision('q', [result('r', 'error', 'Audit')], { failurePolicy: 'Ignore' }),
      ],
      true,
    ],
    ['an error of an audit decision', [decision('p', [result('r', 'error', 'Audit')], { standing: 'audit' })], false],
    [
      'an error of a decision that only warns',
      [decision('p', [result('r', 'error', 'Audit')], { standing: 'warn' })],
      false,
    ],
    ['a skip', [decision('p', [result('r', 'skip', 'Enforce')])], false],
  ])('%s', (_name, decisions, blocks) => {
    expect(blockedMessage(decisions) !== undefined).toBe(blocks);
  });

  it('a failed mutation has its own text, and the first such policy is told', () => {
    const mutate = { phase: 'mutate', standing: 'enforce' } as const;
    expect(
      blockedMessage([
        decision('early', [result('r', 'error', 'Audit')], { ...mutate, failurePolicy: 'Ignore' }),
        decision('late', [result('a', 'error', 'Audit', 'x'), result('b', 'fail', 'Audit', 'y')], mutate),
      ]),
    ).toBe('mutation policy late error: failed to apply policy late rules [a: x b: y]');
  });
});

describe('toAdmissionResponse', () => {
  const request = requestOf(
    { metadata: { name: 'web', namespace: 'default', annotations: { mine: 'kept' } } },
    { admission: { uid: 'u-1' } },
  );

  it('refuses with status and message alone', () => {
    expect(toAdmissionResponse([decision('p', [result('r', 'fail', 'Enforce')])], request)).toEqual({
      uid: 'u-1',
      allowed: false,
      status: { status: 'Failure', message: `${HEAD}p:\n  r: fail!\n` },
    });
  });

  it('warns on allowed requests, but not for decisions that are for reports alone', () => {
    const decisions = [
      decision('p', [result('r', 'fail', 'Audit'), result('s', 'pass', 'Audit')]),
      decision('q', [result('r', 'fail', 'Audit')], { standing: 'audit' }),
    ];
    expect(toAdmissionResponse(decisions, request)).toEqual({
      uid: 'u-1',
      allowed: true,
      warnings: ['policy p.r: fail!'],
    });
  });

  it('puts annotations of all policies together, before the patches of images', () => {
    const annotate = (policy: string, image: string): Decision['effects'][number] => ({
      kind: 'annotate',
      annotations: {
        'kyverno.io/verify-images': `{"${image}":"pass"}`,
        'kyverno.io/verify-images-scoped': `{"version":1,"policies":{"/${policy}":{"r":{"${image}":"pass"}}}}`,
      },
    });
    const patch: Decision['effects'][number] = {
      kind: 'patch',
      operations: [{ op: 'replace', path: '/spec/image', value: 'b@sha256:1' }],
    };
    const verify = { phase: 'verify-images' } as const;
    const decisions = [
      decision('z', [], { ...verify, effects: [annotate('z', 'b'), patch] }),
      decision('y', [], { ...verify, effects: [annotate('y', 'a')] }),
    ];
    expect(toAdmissionResponse(decisions, request, { patch: true }).patch).toEqual([
      { op: 'add', path: '/metadata/annotations/kyverno.io~1verify-images', value: '{"a":"pass","b":"pass"}' },
      {
        op: 'add',
        path: '/metadata/annotations/kyverno.io~1verify-images-scoped',
        value: '{"version":1,"policies":{"/y":{"r":{"a":"pass"}},"/z":{"r":{"b":"pass"}}}}',
      },
      { op: 'replace', path: '/spec/image', value: 'b@sha256:1' },
    ]);
  });
});
