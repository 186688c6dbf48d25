import { describe, expect, it } from 'vitest';
import type { Decision, RuleResult } from '../../model/decision.ts';
import { mergeReportResults } from './merge-results.ts';
import { summariseResults, toPolicyReport } from './policy-report.ts';
import { type PolicyReportResult, type ReportedPolicy, toPolicyReportResults } from './policy-report-result.ts';

const NOW = Date.parse('2026-01-02T03:04:05.678Z');

function decision(results: readonly RuleResult[], namespace?: string): Decision {
  return {
    policy: {
      apiVersion: 'kyverno.io/v1',
      kind: namespace ? 'Policy' : 'ClusterPolicy',
      name: 'p',
      ...(namespace ? { namespace } : {}),
    },
    phase: 'validate',
    standing: 'audit',
    resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web', uid: 'u-1' },
    failurePolicy: 'Fail',
    results,
    effects: [],
  };
}

function result(given: Partial<RuleResult> = {}): RuleResult {
  return { rule: 'r', type: 'Validation', status: 'fail', message: 'no', action: 'Audit', ...given };
}

function entries(results: readonly RuleResult[], policy: Partial<ReportedPolicy> = {}): readonly PolicyReportResult[] {
  const policyOf = () => ({ annotations: {}, background: true, admission: true, ...policy });
  return toPolicyReportResults([decision(results)], { policyOf, now: NOW });
}

describe('toPolicyReportResults', () => {
  it('says what Kyverno says', () => {
    const annotations = { 'policies.kyverno.io/category': 'Best', 'policies.kyverno.io/severity': 'high' };
    expect(
      entries([result({ properties: { standard: 'baseline' }, exceptions: ['ns/a', 'ns/b'], status: 'skip' })], {
        annotations,
      }),
    ).toEqual([
      {
        source: 'kyverno',
        policy: 'p',
        rule: 'r',
        result: 'skip',
        message: 'no',
        scored: true,
        category: 'Best',
        severity: 'high',
        timestamp: { seconds: 1767323045, nanos: 0 },
        properties: { standard: 'baseline', exceptions: 'a,b', process: 'background scan' },
      },
    ]);
  });

  it.each<[string, Partial<ReportedPolicy>, Partial<RuleResult>, Partial<PolicyReportResult>]>([
    [
      'an unscored failure warns',
      { annotations: { 'policies.kyverno.io/scored': 'false' } },
      {},
      { result: 'warn', scored: false },
    ],
    [
      'an unscored pass passes',
      { annotations: { 'policies.kyverno.io/scored': 'false' } },
      { status: 'pass' },
      { result: 'pass' },
    ],
    [
      'an unknown severity is left out',
      { annotations: { 'policies.kyverno.io/severity': 'huge' } },
      {},
      { message: 'no' },
    ],
    ['admission alone', { background: false }, {}, { properties: { process: 'admission review' } }],
    ['a message for the status', {}, { properties: { failMessage: 'F', passMessage: 'P' } }, { message: 'F' }],
    ['a message for all', {}, { properties: { failMessage: 'F', message: 'M' } }, { message: 'M' }],
  ])('%s', (_name, policy, given, expected) => {
    expect(entries([result(given)], policy)[0]).toMatchObject(expected);
  });

  it('names namespaced policies by their key, and drops what belongs to no policy', () => {
    const policyOf = () => ({ annotations: {}, background: true, admission: true });
    expect(toPolicyReportResults([decision([result()], 'team')], { policyOf, now: NOW })[0]?.policy).toBe('team/p');
    expect(toPolicyReportResults([decision([result()])], { policyOf: () => undefined, now: NOW })).toEqual([]);
  });
});

describe('mergeReportResults', () => {
  const at = (seconds: number, given: Partial<PolicyReportResult> = {}): PolicyReportResult => ({
    source: 'kyverno',
    policy: 'p',
    rule: 'r',
    result: 'pass',
    message: String(seconds),
    scored: true,
    timestamp: { seconds, nanos: 0 },
    ...given,
  });

  it('keeps the later of each rule, on equal times the one known', () => {
    const merged = mergeReportResults(
      [at(5), at(5, { rule: 's' })],
      [at(6), at(5, { rule: 's', message: 'new' }), at(1, { rule: 'a' })],
    );
    expect(merged.map(({ rule, message }) => [rule, message])).toEqual([
      ['a', '1'],
      ['r', '6'],
      ['s', '5'],
    ]);
  });

  it('a failing image is not hidden by a passing one of the same rule', () => {
    const merged = mergeReportResults([], [at(5), at(5, { result: 'fail' }), at(5, { result: 'skip' })]);
    expect(merged.map((entry) => entry.result)).toEqual(['fail']);
  });
});

describe('toPolicyReport', () => {
  const [entry] = entries([result()]);
  const results = entry ? [entry] : [];

  it('is named after the object and owned by it', () => {
    expect(
      toPolicyReport({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web', uid: 'u-1' }, results),
    ).toMatchObject({
      apiVersion: 'wgpolicyk8s.io/v1alpha2',
      kind: 'PolicyReport',
      metadata: {
        name: 'u-1',
        namespace: 'default',
        labels: { 'app.kubernetes.io/managed-by': 'kyverno' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'u-1' }],
      },
      scope: { kind: 'Pod', namespace: 'default' },
      summary: { pass: 0, fail: 1, warn: 0, error: 0, skip: 0 },
    });
  });

  it('a Namespace has a cluster report, an object without UID none', () => {
    expect(
      toPolicyReport({ apiVersion: 'v1', kind: 'Namespace', namespace: 'a', name: 'a', uid: 'u' }, results)?.['kind'],
    ).toBe('ClusterPolicyReport');
    expect(toPolicyReport({ apiVersion: 'v1', kind: 'Pod', namespace: 'a', name: 'a' }, results)).toBeUndefined();
  });

  it('of OpenReports says the same by other names', () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'a', name: 'a', uid: 'u' };
    const { apiVersion: _, kind: __, ...rest } = toPolicyReport(pod, results) ?? {};
    expect(toPolicyReport(pod, results, 'openreports.io')).toEqual({
      apiVersion: 'openreports.io/v1alpha1',
      kind: 'Report',
      ...rest,
    });
    expect(toPolicyReport({ ...pod, namespace: '' }, results, 'openreports.io')?.['kind']).toBe('ClusterReport');
  });

  it('counts', () => {
    expect(summariseResults(results)).toEqual({ pass: 0, fail: 1, warn: 0, error: 0, skip: 0 });
  });
});
