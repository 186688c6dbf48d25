import { describe, expect, it } from 'vitest';
import { FactTable, Need } from '../facts/fact-table.ts';
import type { JsonObject } from '../kernel/json.ts';
import { memberAt } from '../kernel/json.ts';
import type { BypassOutcome } from '../model/bypass.ts';
import { requestOf } from '../model/request.fixture.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { createBypassJudge } from './create-bypass-judge.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const POLICY = { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name: 'signed' };
const UNTIL = '2026-11-21T14:00:00Z';
const CONTROLLER = 'system:serviceaccount:kube-system:replicaset-controller';

/** The digest of a test is the text itself: what is the same text is the same grant. */
const judge = createBypassJudge({ grants: { namespace: 'kyverno', name: 'grants' }, hash: (text) => text });

const wish = (skip = 'signed', until: string | undefined = UNTIL): JsonObject => ({
  'policies.kyverno.io/skip': skip,
  ...(until === '' ? {} : { 'policies.kyverno.io/skip-until': until }),
});
const spec = (image = 'app:1', more: JsonObject = {}): JsonObject => ({
  containers: [{ name: 'main', image }],
  ...more,
});
const ownedBy = (kind: string, uid: string, apiVersion = 'apps/v1'): JsonObject => ({
  ownerReferences: [{ apiVersion, kind, name: kind.toLowerCase(), uid, controller: true }],
});
const pod = (metadata: JsonObject = {}, of: JsonObject = spec()): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', annotations: wish(), ...metadata },
  spec: of,
});
const workload = (kind: string, uid: string, annotations = wish(), of: JsonObject = spec()): JsonObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'w', uid },
  spec: { template: { metadata: { annotations }, spec: of } },
});

function requestFor(
  resource: JsonObject,
  username: string | undefined,
  part: Partial<EvaluationRequest> = {},
): EvaluationRequest {
  const asked = username === undefined ? {} : { admission: {}, user: { username, groups: [] } };
  const kind = { group: '', version: 'v1', kind: String(resource['kind']) };
  return requestOf(resource, { kind, namespace: 'prod', name: 'w', now: NOW, ...asked, ...part });
}

interface World {
  readonly grants?: readonly string[];
  readonly objects?: Readonly<Record<string, JsonObject>>;
  readonly down?: boolean;
}

/** Answers every need: `rita` has the right, the grants are kept, the objects live. */
function ask(
  request: EvaluationRequest,
  { grants = [], objects = {}, down = false }: World = {},
): BypassOutcome | undefined {
  const facts = new FactTable();
  for (;;) {
    try {
      return judge(POLICY, request, facts);
    } catch (error) {
      if (!(error instanceof Need)) throw error;
      for (const need of facts.takeNeeds()) {
        if (down) facts.add(need, { ok: false, class: 'transient', message: 'away' });
        else if (need.kind === 'api-call') {
          const allowed = memberAt(need.data, 'spec', 'user') === 'rita';
          facts.add(need, { ok: true, value: { status: { allowed } } });
        } else if (need.kind === 'config-map') {
          const data = Object.fromEntries(grants.map((key) => [key, '{"user":"rita"}']));
          facts.add(need, { ok: true, value: { data, metadata: {} } });
        } else if (need.kind === 'resource') {
          const value = objects[`${need.resourceKind}/${need.name}`];
          facts.add(need, value ? { ok: true, value } : { ok: false, class: 'not-found', message: 'gone' });
        }
      }
    }
  }
}

function grantOf(outcome: BypassOutcome | undefined): string {
  if (!outcome?.granted || !outcome.grant) throw new Error(`no grant: ${JSON.stringify(outcome)}`);
  return outcome.grant.key;
}

describe('who asks', () => {
  it('asks for nothing without the annotation, and lets others be judged', () => {
    expect(ask(requestFor(pod({ annotations: {} }), 'rita'))).toBeUndefined();
    expect(ask(requestFor(pod({ annotations: wish('other') }), 'rita'))).toBeUndefined();
  });

  it('is granted to who may bypass the policy', () => {
    const outcome = ask(requestFor(pod({ uid: 'u1' }), 'rita'));
    expect(outcome).toMatchObject({ granted: true, by: 'rita', until: UNTIL, grant: { until: Date.parse(UNTIL) } });
  });

  it('asks about the policy by name, verb and group', () => {
    const facts = new FactTable();
    expect(() => judge(POLICY, requestFor(pod(), 'rita'), facts)).toThrow(Need);
    const needs = facts.takeNeeds();
    expect(needs.map(({ kind }) => kind).sort()).toEqual(['api-call', 'config-map']);
    const review = needs.find(({ kind }) => kind === 'api-call');
    expect(memberAt((review as { data?: JsonObject }).data, 'spec', 'resourceAttributes')).toEqual({
      verb: 'bypass',
      group: 'kyverno.io',
      resource: 'clusterpolicies',
      name: 'signed',
    });
  });

  it.each<[what: string, annotations: JsonObject, reason: string]>([
    ['no end', wish('signed', ''), 'is absent'],
    ['an end in no time format', wish('signed', 'tomorrow'), 'not `tomorrow`'],
    ['a date without a zone', wish('signed', '2026-11-21T14:00:00'), 'must be a time'],
    ['an end that is over', wish('signed', '2026-11-21T12:00:00Z'), 'it ended at'],
    ['an end too far ahead', wish('signed', '2026-11-22T12:00:01Z'), 'is later'],
    ['all policies', wish('*'), '`*` is a wildcard'],
    ['policies by a pattern', wish('sign?d'), '`sign?d` is a wildcard'],
    ['a pattern beside the name', wish('signed,*'), '`*` is a wildcard'],
    ['nothing between commas', wish('signed,,'), 'separated by commas'],
    ['too many names', wish(Array.from({ length: 33 }, (_, n) => `p${n}`).join()), '32 policies at most'],
    ['a name of megabytes', wish('s'.repeat(100_000)), '32 policies at most'],
  ])('refuses %s, from who has the right, too', (_, annotations, reason) => {
    const outcome = ask(requestFor(pod({ annotations }), 'rita'));
    expect(outcome).toMatchObject({ granted: false, reason: expect.stringContaining(reason) });
  });

  it('takes an end of exactly a day ahead, in any zone', () => {
    expect(ask(requestFor(pod({ annotations: wish('signed', '2026-11-22T14:00:00+02:00') }), 'rita'))?.granted).toBe(
      true,
    );
  });

  it.each<[what: string, of: JsonObject, user: string, part: Partial<EvaluationRequest>, tail: string]>([
    ['a plain user', pod(), 'dora', {}, ''],
    [
      'a change',
      pod({ uid: 'u1' }),
      'dora',
      { operation: 'UPDATE', oldResource: pod({ uid: 'u1' }) },
      ', and nobody who may has let it past with what it runs now',
    ],
    [
      'what a controller makes',
      pod(ownedBy('StatefulSet', 's1')),
      CONTROLLER,
      {},
      ', and nobody who may has let its owner past with what it runs',
    ],
  ])('refuses %s, with the right that is missing', (_, resource, user, part, tail) => {
    const reason = `\`${user}\` may not \`bypass\` clusterpolicies.kyverno.io \`signed\`${tail}`;
    expect(ask(requestFor(resource, user, part))).toEqual({ granted: false, reason });
  });

  it('refuses when nobody can tell', () => {
    expect(ask(requestFor(pod(), 'rita'), { down: true })?.granted).toBe(false);
  });
});

describe('what a grant covers', () => {
  const deployment = grantOf(ask(requestFor(workload('Deployment', 'd1'), 'rita')));
  const statefulSet = grantOf(ask(requestFor(workload('StatefulSet', 's1'), 'rita')));
  const replicaSet = {
    ...workload('ReplicaSet', 'r1'),
    metadata: { name: 'replicaset', uid: 'r1', ...ownedBy('Deployment', 'd1') },
  };
  const objects = { 'ReplicaSet/replicaset': replicaSet };
  const world = { grants: [deployment, statefulSet], objects };
  const fromReplicaSet = ownedBy('ReplicaSet', 'r1');

  it('covers the Pods that controllers make of it', () => {
    expect(ask(requestFor(pod(fromReplicaSet), CONTROLLER), world)).toMatchObject({ granted: true, by: 'rita' });
    expect(ask(requestFor(pod(ownedBy('StatefulSet', 's1')), CONTROLLER), world)?.granted).toBe(true);
    expect(ask(requestFor(pod(fromReplicaSet), 'system:kube-controller-manager'), world)?.granted).toBe(true);
  });

  it('covers what controllers and admission add to a Pod', () => {
    const added = {
      nodeName: 'n1',
      serviceAccountName: 'default',
      tolerations: [{ key: 'k' }],
      volumes: [{ name: 'token', projected: {} }],
      securityContext: {},
      containers: [
        { name: 'main', image: 'app:1', volumeMounts: [{ name: 'token' }], env: [{ name: 'A' }], resources: {} },
      ],
    };
    expect(ask(requestFor(pod(fromReplicaSet, added), CONTROLLER), world)?.granted).toBe(true);
  });

  it('covers an update of the object by anybody that runs nothing else', () => {
    const before = workload('Deployment', 'd1');
    const labelled = { ...before, metadata: { name: 'w', uid: 'd1', labels: { team: 'web' } } };
    const update = { operation: 'UPDATE', oldResource: before } as const;
    expect(ask(requestFor(labelled, 'dora', update), world)?.granted).toBe(true);
    expect(ask(requestFor(workload('Deployment', 'd1', wish(), spec('evil')), 'dora', update), world)?.granted).toBe(
      false,
    );
  });

  it('covers a scan, and ends with its time', () => {
    expect(ask(requestFor(pod(fromReplicaSet), undefined), world)?.granted).toBe(true);
    const later = { now: Date.parse(UNTIL) };
    expect(ask(requestFor(pod(fromReplicaSet), undefined, later), world)?.granted).toBe(false);
  });

  it.each<[attack: string, resource: JsonObject, user: string, part?: Partial<EvaluationRequest>]>([
    ['a Pod that names an owner it does not have', pod(fromReplicaSet), 'dora'],
    ['a service account outside kube-system', pod(fromReplicaSet), 'system:serviceaccount:prod:replicaset-controller'],
    ['a user with the name of no service account', pod(fromReplicaSet), 'replicaset-controller'],
    ['another image in the same ReplicaSet', pod(fromReplicaSet, spec('evil')), CONTROLLER],
    [
      'a second container',
      pod(fromReplicaSet, { containers: [...(spec()['containers'] as JsonObject[]), { name: 'b', image: 'evil' }] }),
      CONTROLLER,
    ],
    [
      'an init container',
      pod(fromReplicaSet, spec('app:1', { initContainers: [{ name: 'i', image: 'evil' }] })),
      CONTROLLER,
    ],
    [
      'a volume of the host',
      pod(fromReplicaSet, spec('app:1', { volumes: [{ name: 'h', hostPath: { path: '/' } }] })),
      CONTROLLER,
    ],
    ['the network of the host', pod(fromReplicaSet, spec('app:1', { hostNetwork: true })), CONTROLLER],
    ['a longer time', pod({ ...fromReplicaSet, annotations: wish('signed', '2026-11-21T15:00:00Z') }), CONTROLLER],
    ['more policies', pod({ ...fromReplicaSet, annotations: wish('signed,other') }), CONTROLLER],
    ['an owner nobody granted', pod(ownedBy('StatefulSet', 'mine')), CONTROLLER],
    ['a copy with the uid of the original', { ...workload('Deployment', 'd1') }, 'dora'],
    ['a bare Pod with the uid of the original', pod({ uid: 's1' }), 'dora'],
    [
      'an owner added by an update',
      pod({ uid: 'p9', ...fromReplicaSet }),
      'dora',
      { operation: 'UPDATE', oldResource: pod({ uid: 'p9' }) },
    ],
    ['a member every object has', pod(ownedBy('StatefulSet', '__proto__')), CONTROLLER],
  ])('does not cover %s', (_, resource, user, part) => {
    expect(ask(requestFor(resource, user, part), world)?.granted).toBe(false);
  });

  it('does not look through a ReplicaSet of another uid', () => {
    expect(ask(requestFor(pod(ownedBy('ReplicaSet', 'r2')), CONTROLLER), world)?.granted).toBe(false);
  });

  it('says so when the grants cannot be read', () => {
    const facts = new FactTable();
    const request = requestFor(pod(ownedBy('StatefulSet', 's1')), CONTROLLER);
    expect(() => judge(POLICY, request, facts)).toThrow(Need);
    for (const need of facts.takeNeeds()) {
      facts.add(
        need,
        need.kind === 'api-call' ? { ok: true, value: {} } : { ok: false, class: 'transient', message: 'away' },
      );
    }
    expect(judge(POLICY, request, facts)).toMatchObject({ granted: false, reason: expect.stringContaining('away') });
  });
});
