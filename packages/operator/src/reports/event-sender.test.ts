import type { Decision, EvaluationRequest, RuleResult } from '@vouchsafe/engine';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { type KubeClient, KubeError } from '@vouchsafe/kube';
import { describe, expect, it } from 'vitest';
import type { SuccessFilter } from './event-drafts.ts';
import { startEventSender } from './event-sender.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const request = { dryRun: false } as EvaluationRequest; // events look at nothing else of it

function decision(...results: readonly Partial<RuleResult>[]): Decision {
  return {
    policy: { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name: 'p', uid: 'pu' },
    phase: 'validate',
    standing: 'enforce',
    resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'team', name: 'web', uid: 'ru' },
    failurePolicy: 'Fail',
    results: results.map((part) => ({
      rule: 'r',
      type: 'Validation',
      status: 'fail',
      message: 'no',
      action: 'Enforce',
      ...part,
    })),
    effects: [],
  };
}

function setUp(
  options: {
    readonly maxQueued?: number;
    readonly tellsSuccess?: SuccessFilter;
    readonly gate?: Promise<void>;
    readonly fails?: boolean;
  } = {},
) {
  const sent: JsonObject[] = [];
  let dropped = 0;
  let time = Date.parse('2026-01-02T03:04:05.678Z');
  const client = {
    create: async (_: unknown, object: unknown) => {
      await options.gate;
      if (options.fails) throw new KubeError(403, 'Forbidden', 'no');
      sent.push(object as JsonObject);
      return object;
    },
  } as unknown as KubeClient; // the only method that events use
  const sender = startEventSender({
    client,
    instance: 'pod-1',
    onDropped: () => {
      dropped += 1;
    },
    tellsSuccess: () => options.tellsSuccess,
    ...(options.maxQueued === undefined ? {} : { maxQueued: options.maxQueued }),
    log: silent,
    now: () => new Date(time),
  });
  const send = (decisions: readonly Decision[], allowed = true) =>
    sender.send({ request, decisions, allowed }, 'kyverno-admission');
  const pass = (ms: number) => {
    time += ms;
  };
  return { sender, send, sent, pass, dropped: () => dropped };
}

const shown = (events: readonly JsonObject[]) =>
  events.map(
    ({ type, reason, action, regarding, note }) =>
      `${type} ${reason} ${action} ${(regarding as JsonObject)['kind']}: ${note}`,
  );

describe('events', () => {
  it('on the policy and on the resource, when a violation did not block it', async () => {
    const { sender, send, sent } = setUp();
    send([decision({}, { rule: 'good', status: 'pass', message: 'fine' })]);
    await sender.stop();
    expect(shown(sent)).toEqual([
      'Warning PolicyViolation Resource Passed ClusterPolicy: Pod team/web: [r] fail; no',
      'Warning PolicyViolation Resource Passed Pod: policy p/r fail: no',
    ]);
    expect(sent[0]).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      metadata: { name: expect.stringMatching(/^p\.[0-9a-f]+$/), namespace: 'default' },
      eventTime: '2026-01-02T03:04:05.678000Z',
      reportingController: 'kyverno-admission',
      reportingInstance: 'kyverno-admission-pod-1',
      regarding: { kind: 'ClusterPolicy', name: 'p', uid: 'pu' },
      related: { kind: 'Pod', namespace: 'team', name: 'web', uid: 'ru' },
    });
    expect(sent[1]).toMatchObject({ metadata: { namespace: 'team' }, regarding: { uid: 'ru' } });
  });

  it.each([
    ['not signed by us', 'not signed by us (unsigned)'],
    [
      'failed to verify image a: no signatures found (unsigned)',
      'failed to verify image a: no signatures found (unsigned)',
    ],
  ])('with the reason that an image was not verified for: %s', async (message, told) => {
    const { sender, send, sent } = setUp();
    send([decision({ type: 'ImageVerify', message, reason: 'unsigned' })], false);
    await sender.stop();
    expect(sent[0]?.['note']).toBe(`Pod team/web: [r] fail (blocked); ${told}`);
  });

  it('on the policy alone, when it was blocked', async () => {
    const { sender, send, sent } = setUp();
    send([decision({})], false);
    await sender.stop();
    expect(shown(sent)).toEqual([
      'Warning PolicyViolation Resource Blocked ClusterPolicy: Pod team/web: [r] fail (blocked); no',
    ]);
  });

  it('of errors, of exceptions, and of nothing else', async () => {
    const { sender, send, sent } = setUp();
    send([
      decision({ status: 'error', message: 'broken' }, { status: 'pass' }, { status: 'skip' }),
      decision({ status: 'skip', exceptions: ['team/e'] }),
    ]);
    await sender.stop();
    expect(shown(sent)).toEqual([
      'Warning PolicyError Resource Passed ClusterPolicy: Pod team/web: [r] error; broken',
      'Warning PolicyError Resource Passed Pod: policy p/r error: broken',
      'Normal PolicySkipped Resource Passed ClusterPolicy: resource team/Pod/web was skipped from rule r due to policy exceptions team/e',
      'Normal PolicySkipped Resource Passed PolicyException: resource team/Pod/web was skipped from policy rule p/r',
    ]);
  });

  it('of passes when asked for', async () => {
    const { sender, send, sent } = setUp({ tellsSuccess: () => true });
    const mutated = { ...decision({ status: 'pass' }), phase: 'mutate' } as const;
    send([decision({ status: 'pass' }), decision({ status: 'pass' }, {}), decision(), mutated]);
    await sender.stop();
    expect(shown(sent).filter((text) => text.includes('Applied'))).toEqual([
      'Normal PolicyApplied Resource Passed ClusterPolicy: Pod team/web: pass',
      'Normal PolicyApplied Resource Mutated ClusterPolicy: Pod team/web is successfully mutated',
    ]);
  });

  it('of passes of the actions that are asked for', async () => {
    const { sender, send, sent } = setUp({ tellsSuccess: (action) => action === 'Resource Mutated' });
    send([decision({ status: 'pass' }), { ...decision({ status: 'pass' }), phase: 'mutate' }]);
    await sender.stop();
    expect(sent.map(({ action }) => action)).toEqual(['Resource Mutated']);
  });

  it('of a dry run there are none', async () => {
    const { sender, sent } = setUp();
    sender.send(
      { request: { ...request, dryRun: true }, decisions: [decision({})], allowed: false },
      'kyverno-admission',
    );
    await sender.stop();
    expect(sent).toEqual([]);
  });

  it('are not repeated within a minute', async () => {
    const { sender, send, sent, pass, dropped } = setUp();
    send([decision({})], false);
    send([decision({})], false);
    pass(59_000);
    send([decision({})], false);
    pass(2_000);
    send([decision({})], false);
    await sender.stop();
    expect([sent.length, dropped()]).toEqual([2, 0]);
  });

  it('are bounded; what is too much is counted', async () => {
    const gate = Promise.withResolvers<void>();
    const { sender, send, sent, dropped } = setUp({ maxQueued: 5, gate: gate.promise });
    for (let index = 0; index < 10; index += 1) send([decision({ message: String(index) })], false);
    gate.resolve();
    await sender.stop();
    expect([sent.length, dropped()]).toEqual([6, 4]); // one was on its way already
  });

  it('that cannot be sent are counted and forgotten', async () => {
    const { sender, send, dropped } = setUp({ fails: true });
    send([decision({})], false);
    await sender.stop();
    expect(dropped()).toBe(1);
  });

  it('sends what comes after a pause', async () => {
    const { sender, send, sent } = setUp();
    send([decision({})], false);
    await new Promise((resolve) => setImmediate(resolve));
    send([decision({ message: 'again' })], false);
    await sender.stop();
    expect(sent).toHaveLength(2);
  });

  it('have names and notes the API server takes', async () => {
    const { sender, send, sent } = setUp();
    const odd = decision({ message: 'x'.repeat(5000) });
    send([{ ...odd, policy: { ...odd.policy, name: `system:${'n'.repeat(300)}` } }], false);
    await sender.stop();
    const name = String(memberAt(sent[0], 'metadata', 'name'));
    expect(name).toMatch(/^system-n+\.[0-9a-f]+$/);
    expect(name.length).toBeLessThanOrEqual(253);
    expect(String(sent[0]?.['note'])).toHaveLength(1024);
  });
});
