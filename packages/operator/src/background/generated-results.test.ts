import type { Decision } from '@vouchsafe/engine';
import { expect, it } from 'vitest';
import { isReported, withGenerated } from './generated-results.ts';
import type { BackgroundReport } from './start-background.ts';

const policy = { apiVersion: 'policies.kyverno.io/v1', kind: 'GeneratingPolicy', name: 'p' } as const;

function decision(status: 'pass' | 'skip'): Decision {
  const result = {
    rule: 'p',
    type: 'Generation',
    status,
    message: '',
    action: 'Audit',
    properties: { a: 'b' },
  } as const;
  return { policy, phase: 'generate', standing: 'audit', results: [result], effects: [] } as unknown as Decision; // what is read of it
}

function report(apiVersion: string, kind: string, outcome: BackgroundReport['outcome']): BackgroundReport {
  const resource = { apiVersion, kind, metadata: { name: kind.toLowerCase(), namespace: 'team' } };
  return { policy, rule: 'p', kind: 'create', object: { kind: 'create', resource }, outcome };
}

const secret = report('v1', 'Secret', 'created');
const role = report('rbac.authorization.k8s.io/v1', 'Role', 'unchanged');
const refused = report('v1', 'Secret', { problem: 'forbidden' });
const NAMES =
  '/v1, Kind=Secret Name=secret Namespace=team; rbac.authorization.k8s.io/v1, Kind=Role Name=role Namespace=team';

it.each([
  [
    'names what was generated',
    'pass',
    [secret, role],
    { status: 'pass', properties: { a: 'b', 'generated-resources': NAMES } },
  ],
  ['is an error where it was not', 'pass', [secret, refused], { status: 'error', message: 'forbidden' }],
  ['says nothing where there is nothing', 'pass', [], { status: 'pass', properties: { a: 'b' } }],
  ['leaves what is skipped', 'skip', [], { status: 'skip', properties: { a: 'b' } }],
] as const)('%s', (_, status, reports, expected) => {
  expect(withGenerated(decision(status), reports).results).toMatchObject([expected]);
});

it('rules that did not apply are left out, and each is told what it made itself', () => {
  const rules = { ...policy, apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy' };
  expect(withGenerated({ ...decision('skip'), policy: rules }, []).results).toEqual([]);
  const ofOther = { ...role, rule: 'other' };
  expect(withGenerated({ ...decision('pass'), policy: rules }, [secret, ofOther]).results).toMatchObject([
    { properties: { 'generated-resources': '/v1, Kind=Secret Name=secret Namespace=team' } },
  ]);
});

it('names the target that a rule patched, each in its own result', () => {
  const patched = (name: string): BackgroundReport => {
    const resource = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'team' } };
    return { policy, rule: 'p', kind: 'update', object: { kind: 'update', resource }, outcome: 'updated' };
  };
  const [result] = decision('pass').results;
  const results = ['a', 'b', 'c'].flatMap((name) =>
    result ? [{ ...result, message: `mutated Secret/${name} in namespace team` }] : [],
  );
  const told = withGenerated({ ...decision('pass'), results }, [patched('b'), patched('a')]).results;
  expect(told.map(({ properties }) => properties?.['patched-target'])).toEqual([
    '/v1, Kind=Secret Name=a Namespace=team',
    '/v1, Kind=Secret Name=b Namespace=team',
    undefined,
  ]);
});

it('is for all but the policies in CEL that scans tell of', () => {
  expect(isReported({ policy })).toBe(true);
  expect(isReported({ policy: { ...policy, kind: 'NamespacedGeneratingPolicy' } })).toBe(true);
  expect(isReported({ policy: { ...policy, apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy' } })).toBe(true);
  expect(isReported({ policy: { ...policy, kind: 'NamespacedMutatingPolicy' } })).toBe(false);
});
