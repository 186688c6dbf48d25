import { type CompiledPolicy, createEngine, loadPolicy, toRequest } from '@vouchsafe/engine';
import type { FactSource } from '@vouchsafe/engine/facts';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { decideForReport, verifiesImages } from './decide-for-report.ts';
import { NODE_HOST } from './node-host.ts';

const engine = createEngine({ host: NODE_HOST });
const DIGEST = `sha256:${'a'.repeat(64)}`;

function compile(name: string, rules: readonly JsonObject[]): CompiledPolicy {
  const match = { any: [{ resources: { kinds: ['Pod'] } }] };
  const { policy, diagnostics } = loadPolicy({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: { rules: rules.map((rule, index) => ({ name: `r${index}`, match, ...rule })) },
  });
  const compiled = policy && engine.compile(policy).compiled;
  if (!compiled) throw new Error(JSON.stringify(diagnostics));
  return compiled;
}

const label = { validate: { message: 'label', pattern: { metadata: { labels: { team: '?*' } } } } };
const signature = {
  verifyImages: [
    {
      imageReferences: ['*'],
      failureAction: 'Audit',
      attestors: [{ entries: [{ keys: { publicKeys: 'k8s://a/b' } }] }],
    },
  ],
};

const request = toRequest(
  {
    uid: 'u',
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespace: 'default',
    name: 'web',
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'default' },
      spec: { containers: [{ name: 'c', image: `ghcr.io/acme/app@${DIGEST}` }] },
    },
  },
  { roles: [], clusterRoles: [], namespaceLabels: {}, now: 0 },
);

const unsigned: FactSource = {
  kinds: new Set(['image-verification']),
  fetch: async (requests) => requests.map(() => ({ ok: false, class: 'not-found', message: 'no signatures found' })),
};

describe('what reports tell', () => {
  it('images in the words of the verification, everything else as validate has it', async () => {
    const both = compile('both', [label, signature]);
    const [decision] = await decideForReport([both], request, unsigned);
    expect(decision?.phase).toBe('validate');
    expect(decision?.results.map(({ rule, type, status }) => [rule, type, status])).toEqual([
      ['r0', 'Validation', 'fail'],
      ['r1', 'ImageVerify', 'fail'],
    ]);
    expect(decision?.results[1]?.message).toContain('no signatures found');
  });

  it('in the order of the policies, whether or not they verify', async () => {
    const policies = [compile('a', [label]), compile('b', [signature]), compile('c', [label])];
    const decisions = await decideForReport(policies, request, unsigned);
    expect(decisions.map(({ policy, results }) => `${policy.name} ${results.length}`)).toEqual(['a 1', 'b 1', 'c 1']);
    expect(policies.map(verifiesImages)).toEqual([false, true, false]);
  });

  it('nothing is patched', async () => {
    const decisions = await decideForReport([compile('b', [signature])], request, unsigned);
    expect(decisions.every(({ patched }) => patched === undefined)).toBe(true);
  });
});
