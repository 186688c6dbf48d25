import { createEngine, loadPolicy } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { NODE_HOST } from '../facts/node-host.ts';
import { computePolicyStatus } from './policy-status.ts';
import type { StoredPolicy } from './policy-store.ts';

const engine = createEngine({ host: NODE_HOST });
const now = new Date('2026-01-02T03:04:05.678Z');
const match = { any: [{ resources: { kinds: ['Pod'] } }] };

function stored(rules: readonly JsonObject[], status?: JsonObject): StoredPolicy {
  const document: JsonObject = {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { rules },
    ...(status ? { status } : {}),
  };
  const loaded = loadPolicy(document);
  const compilation = loaded.policy ? engine.compile(loaded.policy) : { diagnostics: [] };
  const diagnostics = [...loaded.diagnostics, ...compilation.diagnostics];
  return { key: 'k', document, compiled: 'compiled' in compilation ? compilation.compiled : undefined, diagnostics };
}

const good: JsonObject = {
  name: 'r',
  match,
  validate: { failureAction: 'Enforce', message: 'm', pattern: { spec: {} } },
};
const conditionOf = (status: JsonObject | undefined) =>
  (status?.['conditions'] as readonly JsonObject[] | undefined)?.[0];

describe('the status of a policy', () => {
  it('is Ready once it compiles and is served, with counts and the rules of autogen', () => {
    const status = computePolicyStatus(stored([good]), true, now);
    expect(conditionOf(status)).toEqual({
      type: 'Ready',
      status: 'True',
      reason: 'Succeeded',
      message: 'Ready',
      lastTransitionTime: '2026-01-02T03:04:05Z',
    });
    expect(status).toMatchObject({
      rulecount: { generate: 0, mutate: 0, validate: 1, verifyimages: 0 },
      validatingadmissionpolicy: { generated: false, message: '' },
    });
    expect(status).toMatchObject({ autogen: { rules: [{ name: 'autogen-r' }, { name: 'autogen-cronjob-r' }] } });
  });

  it('is not Ready before it is served', () => {
    expect(conditionOf(computePolicyStatus(stored([good]), false, now))).toMatchObject({
      status: 'False',
      reason: 'Failed',
      message: 'Not Ready',
    });
  });

  it('tells why a policy does not compile, within bounds', () => {
    const bad = Array.from({ length: 8 }, (_, index): JsonObject => ({ name: `r${index}`, match, validate: {} }));
    const condition = conditionOf(computePolicyStatus(stored(bad), true, now));
    expect(condition).toMatchObject({ status: 'False', reason: 'Failed' });
    expect(condition?.['message']).toMatch(/^spec\.rules\[0\].*; and \d+ more$/);
  });

  it('is not written again when it says so already, and keeps the time when the same holds with other counts', () => {
    const first = computePolicyStatus(stored([good]), true, now);
    expect(computePolicyStatus(stored([good], first), true, new Date(0))).toBeUndefined();
    const more = computePolicyStatus(stored([good, { ...good, name: 's' }], first), true, new Date(0));
    expect(more).toMatchObject({ rulecount: { validate: 2 } });
    expect(conditionOf(more)?.['lastTransitionTime']).toBe('2026-01-02T03:04:05Z');
    const away = computePolicyStatus(stored([good], first), false, new Date(0));
    expect(conditionOf(away)?.['lastTransitionTime']).toBe('1970-01-01T00:00:00Z');
  });
});
