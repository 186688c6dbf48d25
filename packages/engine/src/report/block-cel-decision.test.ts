import { describe, expect, it } from 'vitest';
import type { Decision, FailurePolicy, RuleResult, Standing } from '../model/decision.ts';
import { requestOf } from '../model/request.fixture.ts';
import { toAdmissionResponse } from './admission-response.ts';

const REQUEST = requestOf({}, { namespace: 'ns', name: 'web', admission: { uid: 'u' } });

interface Given {
  readonly kind?: string;
  readonly standing?: Standing;
  readonly failurePolicy?: FailurePolicy;
  readonly result?: Partial<RuleResult>;
}

function decision(name: string, status: RuleResult['status'], given: Given = {}): Decision {
  const { kind = 'ValidatingPolicy', standing = 'enforce', failurePolicy = 'Fail', result } = given;
  return {
    policy: { apiVersion: 'policies.kyverno.io/v1', kind, name },
    phase: kind === 'MutatingPolicy' ? 'mutate' : 'validate',
    standing,
    resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'ns', name: 'web' },
    failurePolicy,
    results: [{ rule: '', type: 'Validation', status, message: 'why', action: 'Enforce', ...result }],
    effects: [],
  };
}

function message(...decisions: readonly Decision[]): string | undefined {
  return toAdmissionResponse(decisions, REQUEST).status?.message;
}

describe('refusals', () => {
  const audit: Given = { standing: 'audit', result: { action: 'Audit' } };
  const rows: [string, readonly Decision[], string | undefined][] = [
    ['nothing fails', [decision('a', 'pass'), decision('b', 'skip')], undefined],
    ['a failure', [decision('a', 'fail')], 'Policy a failed: why'],
    ['an error', [decision('a', 'error')], 'Policy a error: why'],
    ['an error under Ignore', [decision('a', 'error', { failurePolicy: 'Ignore' })], 'Policy a error: why'],
    [
      'several',
      [decision('a', 'fail'), decision('b', 'pass'), decision('c', 'error')],
      'Policy a failed: why; Policy c error: why',
    ],
    ['a failure that only audits', [decision('a', 'fail', audit)], undefined],
    ['an error that only audits', [decision('a', 'error', audit)], undefined],
    ['an image policy', [decision('a', 'fail', { kind: 'ImageValidatingPolicy' })], 'Policy a failed: why'],
    [
      'mutations that cannot be computed',
      [decision('a', 'error', { kind: 'MutatingPolicy' }), decision('b', 'error', { kind: 'MutatingPolicy' })],
      'Resource: ns/web, Kind: Pod, Errors: [Policy a: why Policy b: why]',
    ],
    ['the same under Ignore', [decision('a', 'error', { kind: 'MutatingPolicy', failurePolicy: 'Ignore' })], undefined],
  ];
  it.each(rows)('%s', (_name, decisions, wanted) => {
    expect(message(...decisions)).toBe(wanted);
  });

  it('a ClusterPolicy keeps its own words beside them', () => {
    const legacy: Decision = {
      ...decision('old', 'fail', { result: { rule: 'r' } }),
      policy: { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name: 'old' },
    };
    const told = message(legacy, decision('a', 'fail'));
    expect(told).toContain('blocked due to the following policies');
    expect(told).not.toContain('Policy a');
  });
});

describe('warnings', () => {
  const warn: Given = { standing: 'warn', result: { action: 'Audit', emitWarning: true } };
  it.each([
    ['fail', ['Policy a failed: why']],
    ['error', ['Policy a error: why']],
    ['pass', undefined],
    ['skip', undefined],
  ] as const)('%s', (status, wanted) => {
    expect(toAdmissionResponse([decision('a', status, warn)], REQUEST).warnings).toEqual(wanted);
  });
});
