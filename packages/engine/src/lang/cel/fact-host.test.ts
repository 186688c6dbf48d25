import { CelError } from '@vouchsafe/cel';
import { describe, expect, it } from 'vitest';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import { tableOf } from '../../facts/fact-source.fixture.ts';
import { FactTable, Need } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import { requestOf } from '../../model/request.fixture.ts';
import { createFactHost, extendHost } from './fact-host.ts';
import { createPolicyLanguage } from './policy-language.ts';

const HOST = {
  hash: (algorithm: string) => algorithm,
  decodeCertificate: () => new EvaluationError('no PEM'),
  random: () => 0.5,
};
const REQUEST = requestOf({}, { now: 86_400_000 });

interface Situation {
  readonly namespace?: string;
  readonly dryRun?: boolean;
}

function hostOf(facts: FactTable, { namespace, dryRun = false }: Situation = {}) {
  const input: RuleInput = {
    request: { ...REQUEST, dryRun },
    resource: {},
    phase: 'validate',
    facts,
    trace: undefined,
  };
  const policy = { apiVersion: '', kind: '', name: 'p', ...(namespace === undefined ? {} : { namespace }) };
  return createFactHost(input, { policy, host: HOST });
}

/** The value of an expression, `error: …`, or the fact that it lacks. */
function evaluate(
  text: string,
  given: readonly (readonly [FactRequest, Fact])[] = [],
  situation: Situation = {},
): unknown {
  const facts = tableOf(given);
  const language = createPolicyLanguage({
    dialect: 'validating',
    namespace: situation.namespace,
    report: ({ message }) => {
      throw new Error(message);
    },
  });
  try {
    const value = language.compile(text, 'x')?.evaluate({ activation: {}, host: hostOf(facts, situation) });
    return value instanceof CelError ? `error: ${value.message}` : value;
  } catch (error) {
    if (error instanceof Need) return error.request;
    throw error;
  }
}

const ONE: FactRequest = { kind: 'api-resource', apiVersion: 'v1', resource: 'pods', namespace: 'a', name: 'b' };
const CALL: FactRequest = { kind: 'http-call', method: 'GET', url: 'http://x', headers: {} };
const GLOBAL: FactRequest = { kind: 'global-context', name: 'g' };
const failing = (kind: 'not-found' | 'denied' | 'permanent', message: string): Fact => ({
  ok: false,
  class: kind,
  message,
});

describe('what is asked for', () => {
  it.each<[string, string | undefined, FactRequest]>([
    ['resource.Get("v1", "pods", "a", "b")', undefined, ONE],
    ['resource.Get("v1", "pods", "b")', 'a', ONE],
    [
      'resource.List("v1", "pods", "", {"x": "y"})',
      undefined,
      { kind: 'api-resource', apiVersion: 'v1', resource: 'pods', namespace: '', labels: { x: 'y' } },
    ],
    [
      'resource.ToGVR("apps/v1", "Deployment")',
      undefined,
      { kind: 'kind-mapping', apiVersion: 'apps/v1', resourceKind: 'Deployment' },
    ],
    [
      'resource.Post("v1", "pods/binding", "a b", {"n": 1})',
      undefined,
      { kind: 'api-call', method: 'POST', urlPath: '/api/v1/namespaces/a%20b/pods/binding', data: { n: 1 } },
    ],
    [
      'resource.Post("apps/v1", "deployments", {"n": 1})',
      undefined,
      { kind: 'api-call', method: 'POST', urlPath: '/apis/apps/v1/deployments', data: { n: 1 } },
    ],
    ['globalContext.Get("g", "p")', undefined, { ...GLOBAL, projection: 'p' }],
    ['http.Get("http://x")', undefined, CALL],
    ['http.Get("http://x", {"a": "b"})', 'a', { ...CALL, headers: { a: 'b' }, policyNamespace: 'a' }],
    ['http.Post("http://x", {"a": 1})', undefined, { ...CALL, method: 'POST', data: { a: 1 } }],
    [
      'image.GetMetadata("nginx")',
      undefined,
      { kind: 'image-data', reference: 'nginx', access: { allowInsecure: false, providers: [], secrets: [] } },
    ],
  ])('%s', (text, namespace, wanted) => {
    expect(evaluate(text, [], namespace === undefined ? {} : { namespace })).toEqual(wanted);
  });

  it('a dry run posts for a dry run', () => {
    expect(evaluate('resource.Post("v1", "configmaps", "a", {"n": 1})', [], { dryRun: true })).toEqual({
      kind: 'api-call',
      method: 'POST',
      urlPath: '/api/v1/namespaces/a/configmaps?dryRun=All',
      data: { n: 1 },
    });
  });

  it('no operator absorbs what is missing', () => {
    expect(evaluate('true || resource.Get("v1", "pods", "a", "b").x == 1')).toBe(true);
    expect(evaluate('resource.Get("v1", "pods", "a", "b").x == 1 || true')).toEqual(ONE);
  });
});

describe('what answers become', () => {
  it.each<[string, string, readonly (readonly [FactRequest, Fact])[], unknown]>([
    ['an object', 'resource.Get("v1", "pods", "a", "b").x', [[ONE, { ok: true, value: { x: 1 } }]], 1],
    [
      'no object is null',
      'dyn(resource.Get("v1", "pods", "a", "b")) == null',
      [[ONE, failing('not-found', 'gone')]],
      true,
    ],
    [
      'a refusal',
      'resource.Get("v1", "pods", "a", "b").x',
      [[ONE, failing('denied', 'no')]],
      'error: failed to get resource: permission denied: no',
    ],
    [
      'a failure',
      'resource.Get("v1", "pods", "a", "b").x',
      [[ONE, failing('permanent', 'broken')]],
      'error: failed to get resource: broken',
    ],
    ['no entry is null', 'globalContext.Get("g") == null', [[GLOBAL, failing('not-found', 'gone')]], true],
    [
      'a broken entry',
      'globalContext.Get("g") == null',
      [[GLOBAL, failing('permanent', 'broken')]],
      'error: failed to get global reference: broken',
    ],
    [
      'an object of a URL, with its status',
      'http.Get("http://x").a + http.Get("http://x").statusCode',
      [[CALL, { ok: true, value: { status: 418, body: { a: 1 } } }]],
      419,
    ],
    [
      'something else of a URL',
      'http.Get("http://x").body[0]',
      [[CALL, { ok: true, value: { status: 200, body: [7] } }]],
      7,
    ],
    ['no JSON of a URL', 'http.Get("http://x").body == null', [[CALL, { ok: true, value: { status: 200 } }]], true],
    [
      'a URL that fails',
      'http.Get("http://x").body',
      [[CALL, failing('permanent', 'request failed: gone')]],
      'error: request failed: request failed: gone',
    ],
    ['the clock of the decision', 'string(time.now())', [], '1970-01-02T00:00:00Z'],
    ['a certificate nobody can read', 'x509.decode("x")', [], 'error: no PEM'],
  ])('%s', (_name, text, given, wanted) => {
    expect(evaluate(text, given)).toEqual(wanted);
  });

  it('a host that does more does the rest as before', () => {
    const facts = new FactTable();
    facts.add(ONE, { ok: true, value: { x: 1 } });
    const host = hostOf(facts);
    const more = extendHost(host, { generate: () => true });
    expect(more.getResource?.({ apiVersion: 'v1', resource: 'pods', namespace: 'a' }, 'b')).toEqual({ x: 1 });
    expect(more.generate?.('a', [])).toBe(true);
    expect(host.generate).toBeUndefined();
  });
});
