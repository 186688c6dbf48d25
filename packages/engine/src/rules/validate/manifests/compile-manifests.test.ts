import { describe, expect, it } from 'vitest';
import type { Fact } from '../../../facts/fact.ts';
import type { FactRequest } from '../../../facts/fact-request.ts';
import { FactTable, Need } from '../../../facts/fact-table.ts';
import { STILL_HOST } from '../../../kernel/host.fixture.ts';
import type { Json, JsonObject } from '../../../kernel/json.ts';
import { createScope } from '../../../lang/variables/create-scope.ts';
import { requestOf } from '../../../model/request.fixture.ts';
import type { EvaluationRequest } from '../../../model/request.ts';
import { inputOf } from '../../rule.fixture.ts';
import type { RuleBodyOutcome } from '../../rule-kind.ts';
import { compileManifests } from './compile-manifests.ts';

const ATTESTORS: JsonObject = { attestors: [{ entries: [{ keys: { publicKeys: 'KEY' } }] }] };
const VERIFIED: Json = {
  verified: true,
  sets: [{ verifiedCount: 1, requiredCount: 1, entries: [{ path: '', verified: true, failures: [], signer: {} }] }],
};
const REFUSED: Json = {
  verified: false,
  sets: [
    {
      verifiedCount: 0,
      requiredCount: 1,
      entries: [{ path: '.attestors[0].entries[0].keys', verified: false, failures: [{ reason: 'x', message: 'no' }] }],
    },
  ],
};

interface Run {
  readonly object: JsonObject;
  /** What the message `M` holds. */
  readonly signed?: string;
  readonly answer?: Fact<Json>;
  readonly block?: JsonObject;
  readonly request?: Partial<EvaluationRequest>;
}

function judge({ object, signed = '', answer, block = ATTESTORS, request = {} }: Run) {
  const asked: FactRequest[] = [];
  const facts = new FactTable();
  const input = inputOf(requestOf(object, { namespace: 'ns', name: 'n', ...request }), { facts });
  const evaluate = compileManifests(block);
  for (;;) {
    try {
      const outcome = evaluate({ input, scope: createScope(input, { host: STILL_HOST }), action: 'Enforce' }) as
        | RuleBodyOutcome
        | undefined;
      return { outcome, asked };
    } catch (error) {
      if (!(error instanceof Need)) throw error;
      for (const need of facts.takeNeeds()) {
        asked.push(need);
        const value: Fact<Json> =
          need.kind === 'signed-message'
            ? { ok: true, value: { manifests: [signed] } }
            : (answer ?? { ok: true, value: VERIFIED });
        facts.add(need, value);
      }
    }
  }
}

const SIGNATURE = { 'cosign.sigstore.dev/message': 'M', 'cosign.sigstore.dev/signature': 'S' };
const service = (spec: JsonObject, annotations: JsonObject = SIGNATURE): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 's', namespace: 'ns', annotations, uid: '1' },
  spec,
});
const SIGNED = 'apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}], selector: {app: a}}\n';
const PORTS: JsonObject = { ports: [{ port: 80 }], selector: { app: 'a' } };

describe('validate.manifests', () => {
  it.each<[string, Run, string, string]>([
    ['what was signed', { object: service(PORTS), signed: SIGNED }, 'pass', 'verified manifest signatures'],
    [
      'with defaults',
      { object: service({ ...PORTS, clusterIP: '10.0.0.1', type: 'ClusterIP' }), signed: SIGNED },
      'pass',
      '',
    ],
    ['among others', { object: service(PORTS), signed: `a: 1\n---\n${SIGNED}` }, 'pass', ''],
    ['another selector', { object: service({ ...PORTS, selector: { app: 'b' } }), signed: SIGNED }, 'fail', 'diff'],
    ['a member more', { object: service({ ...PORTS, externalName: 'evil' }), signed: SIGNED }, 'fail', 'externalName'],
    [
      'a defaulted field that was signed otherwise',
      { object: service({ ...PORTS, type: 'LoadBalancer' }), signed: SIGNED.replace('spec: {', 'spec: {type: X, ') },
      'fail',
      'spec.type',
    ],
    ['another name', { object: service(PORTS), signed: SIGNED.replace('name: s', 'name: t') }, 'fail', 'no signed'],
    [
      'another namespace',
      { object: service(PORTS), signed: SIGNED.replace('name: s', 'name: s, namespace: other') },
      'fail',
      'no signed manifest',
    ],
    [
      'another kind',
      { object: service(PORTS), signed: SIGNED.replace('Service', 'Pod') },
      'fail',
      'no signed manifest',
    ],
    ['a message that is no YAML', { object: service(PORTS), signed: '{' }, 'fail', 'no signed manifest'],
    ['no annotations', { object: service(PORTS, {}) }, 'fail', 'no signature found'],
    [
      'a signature without a message',
      { object: service(PORTS, { 'cosign.sigstore.dev/signature': 'S' }) },
      'fail',
      'no signature found',
    ],
    [
      'a signature in a registry',
      { object: service(PORTS, { 'cosign.sigstore.dev/resourceBundleRef': 'r' }) },
      'fail',
      'in a registry',
    ],
    [
      'a signature of another domain',
      { object: service(PORTS), signed: SIGNED, block: { ...ATTESTORS, annotationDomain: 'acme.io' } },
      'fail',
      'no signature found',
    ],
    [
      'a signature that does not hold',
      { object: service(PORTS), signed: SIGNED, answer: { ok: true, value: REFUSED } },
      'fail',
      '.attestors[0].entries[0].keys: no',
    ],
    [
      'no answer',
      { object: service(PORTS), signed: SIGNED, answer: { ok: false, class: 'unavailable', message: 'away' } },
      'error',
      'away',
    ],
    [
      'an answer about nothing',
      { object: service(PORTS), signed: SIGNED, answer: { ok: true, value: { verified: true, sets: [] } } },
      'error',
      'other attestors',
    ],
    [
      'an answer that contradicts itself',
      { object: service(PORTS), signed: SIGNED, answer: { ok: true, value: { ...VERIFIED, verified: false } } },
      'error',
      'contradicts',
    ],
    ['dry runs', { object: service(PORTS, {}), request: { dryRun: true } }, 'pass', 'DryRun'],
  ])('%s', (_what, run, status, message) => {
    const { outcome } = judge(run);
    expect(outcome?.message).toContain(message);
    expect(outcome?.status).toBe(status);
  });

  it('DELETE is not judged', () => {
    expect(judge({ object: service(PORTS), request: { operation: 'DELETE' } }).outcome).toBeUndefined();
  });

  it('no signature is asked about whose manifest the object is not', () => {
    const { asked } = judge({ object: service({}), signed: SIGNED });
    expect(asked.map(({ kind }) => kind)).toEqual(['signed-message']);
  });

  it('signatures of the one message are asked about together', () => {
    const annotations = { ...SIGNATURE, 'cosign.sigstore.dev/signature_1': 'T' };
    const { asked } = judge({ object: service(PORTS, annotations), signed: SIGNED });
    expect(asked.at(-1)).toMatchObject({
      signatures: [
        { message: 'M', signature: 'S' },
        { message: 'M', signature: 'T' },
      ],
    });
  });
});

describe('what a manifest may not hide', () => {
  const networkPolicy = (ingress: string): string =>
    `{apiVersion: v1, kind: NetworkPolicy, metadata: {name: s}, spec: {ingress: ${ingress}}}`;
  it.each<[string, string, JsonObject]>([
    ['an empty list is not a list of something empty', networkPolicy('[]'), { ingress: [{}] }],
    ['one more empty element', networkPolicy('[{from: [a]}]'), { ingress: [{ from: ['a'] }, {}] }],
    ['a list is no map of indices', networkPolicy('[a]'), { ingress: { 0: 'a' } }],
    ['a number is no text', networkPolicy('[1]'), { ingress: ['1'] }],
  ])('%s', (_what, signed, spec) => {
    const object: JsonObject = {
      apiVersion: 'v1',
      kind: 'NetworkPolicy',
      metadata: { name: 's', annotations: SIGNATURE },
      spec,
    };
    expect(judge({ object, signed }).outcome?.status).toBe('fail');
  });
});

describe('fields that may differ', () => {
  const deployment = (container: JsonObject, template: JsonObject = {}): JsonObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', annotations: SIGNATURE, labels: { team: 'b' } },
    spec: { template: { spec: { containers: [{ image: 'a', ...container }], ...template } } },
    status: { replicas: 1 },
  });
  const signed = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, labels: {team: a}},
    spec: {template: {spec: {containers: [{image: a}]}}}}`;
  const ignoring = (...fields: readonly string[]): JsonObject => ({
    ...ATTESTORS,
    ignoreFields: [{ objects: [{ kind: 'Deployment' }], fields: ['metadata.labels.team', ...fields] }],
  });
  it.each<[string, JsonObject, JsonObject, string]>([
    ['named by the policy', deployment({}), ignoring(), 'pass'],
    [
      'of another kind',
      deployment({}),
      { ...ATTESTORS, ignoreFields: [{ objects: [{ kind: 'Pod' }], fields: ['metadata'] }] },
      'fail',
    ],
    ['defaults in a template', deployment({ terminationMessagePath: '/x' }, { dnsPolicy: 'X' }), ignoring(), 'pass'],
    ['empty defaults', deployment({ resources: {} }, { securityContext: {} }), ignoring(), 'pass'],
    ['defaults that are more than that', deployment({}, { securityContext: { runAsUser: 0 } }), ignoring(), 'fail'],
    ['a member whose name only starts alike', deployment({ imagePullPolicyX: 'a' }), ignoring(), 'fail'],
    ['`*` is one member', deployment({ env: [{ name: 'x' }] }), ignoring('spec.*.env'), 'fail'],
    ['`*` for an index', deployment({ env: [{ name: 'x' }] }), ignoring('spec.template.spec.containers.*.env'), 'pass'],
    ['not searched for in the middle', deployment({ env: [{ name: 'x' }] }), ignoring('containers.0.env'), 'fail'],
  ])('%s', (_what, object, block, status) => {
    expect(judge({ object, signed, block }).outcome?.status).toBe(status);
  });
});
