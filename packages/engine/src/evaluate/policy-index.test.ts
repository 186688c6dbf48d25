import { describe, expect, it } from 'vitest';
import type { CompiledPolicy, Phase, ResourceSelector } from '../model/compiled-policy.ts';
import { requestOf } from '../model/request.fixture.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { createPolicyIndex } from './policy-index.ts';

const VALIDATE: ReadonlySet<Phase> = new Set(['validate']);

function selector(kind: string, phases = VALIDATE): ResourceSelector {
  return { group: '*', version: '*', kind, subresource: '', operations: [], phases };
}

interface Counted extends CompiledPolicy {
  asked: number;
}

function policy(name: string, selectors: readonly ResourceSelector[], given: Partial<CompiledPolicy> = {}): Counted {
  const made: Counted = {
    asked: 0,
    ref: { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name },
    failurePolicy: 'Fail',
    canEnforce: false,
    background: true,
    admission: true,
    applyRules: 'All',
    timeoutSeconds: undefined,
    selectors,
    matches: () => {
      made.asked += 1;
      return true;
    },
    standing: () => 'audit',
    rules: [],
    needs: new Set(),
    autogenRules: [],
    annotations: {},
    labels: {},
    emitWarning: false,
    ...given,
  };
  return made;
}

function request(kind: string, given: Partial<EvaluationRequest> = {}): EvaluationRequest {
  return requestOf(
    {},
    {
      kind: { group: '', version: 'v1', kind },
      namespace: 'default',
      name: 'a',
      admission: {},
      ...given,
    },
  );
}

function names(policies: readonly CompiledPolicy[]): string[] {
  return policies.map(({ ref }) => ref.name);
}

describe('createPolicyIndex', () => {
  it('meets only candidates, in the order given, and remembers the answer', () => {
    const pods = policy('pods', [selector('Pod')]);
    const services = policy('services', [selector('Service')]);
    const wild = policy('wild', [selector('*')]);
    const both = policy('both', [selector('Pod'), selector('Po?')]);
    const index = createPolicyIndex([wild, services, both, pods]);
    expect(names(index.candidates(request('Pod'), 'validate'))).toEqual(['wild', 'both', 'pods']);
    expect(names(index.candidates(request('Pod', { name: 'b' }), 'validate'))).toEqual(['wild', 'both', 'pods']);
    expect([pods.asked, both.asked, services.asked]).toEqual([1, 1, 0]);
    expect(index.candidates(request('Pod'), 'mutate')).toEqual([]);
  });

  it('keeps policies of other namespaces out', () => {
    const ref = (namespace: string) => ({ apiVersion: 'kyverno.io/v1', kind: 'Policy', name: namespace, namespace });
    const index = createPolicyIndex([
      policy('a', [selector('Pod')], { ref: ref('a') }),
      policy('b', [selector('Pod')], { ref: ref('b') }),
      policy('cluster', [selector('Pod')]),
    ]);
    expect(names(index.candidates(request('Pod', { namespace: 'a' }), 'validate'))).toEqual(['a', 'cluster']);
    expect(names(index.candidates(request('Pod', { namespace: 'c' }), 'validate'))).toEqual(['cluster']);
  });

  it('looks at the objects of every request: one odd request decides nothing for the next', () => {
    const policies = [
      policy('a', [selector('Pod')], {
        ref: { apiVersion: 'kyverno.io/v1', kind: 'Policy', name: 'a', namespace: 'a' },
      }),
      policy('cluster', [selector('Pod')]),
    ];
    const index = createPolicyIndex(policies);
    const odd = request('Pod', { namespace: 'a', resource: { metadata: { namespace: 'b' } } });
    const usual = request('Pod', { namespace: 'a', resource: { metadata: { namespace: 'a' } } });
    for (const _ of [1, 2]) {
      expect(names(index.candidates(odd, 'validate'))).toEqual(['cluster']);
      expect(names(index.candidates(usual, 'validate'))).toEqual(['a', 'cluster']);
      // The same list each time: what is prepared for it is found by it.
      expect(index.candidates(usual, 'validate')).toBe(index.candidates(usual, 'validate'));
      expect(index.candidates(odd, 'validate')).toBe(index.candidates(odd, 'validate'));
    }
  });

  it('keeps policies without admission out of admissions, not out of scans', () => {
    const index = createPolicyIndex([policy('scan-only', [selector('Pod')], { admission: false })]);
    expect(index.candidates(request('Pod'), 'validate')).toEqual([]);
    expect(names(index.candidates(request('Pod', { admission: undefined }), 'validate'))).toEqual(['scan-only']);
  });

  it('forgets rather than grows without bound', () => {
    const index = createPolicyIndex([policy('wild', [selector('*')])]);
    for (let at = 0; at < 10_000; at += 1) expect(index.candidates(request(`Kind${at}`), 'validate')).toHaveLength(1);
  });
});
