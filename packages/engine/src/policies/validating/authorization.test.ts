import { describe, expect, it } from 'vitest';
import { createEngine } from '../../compile/create-engine.ts';
import type { Compilation } from '../../compile/engine.ts';
import { decide } from '../../evaluate/decide.ts';
import { answeringSource } from '../../facts/fact-source.fixture.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { toCelPolicy } from '../../model/cel-policy-document.ts';
import { requestOf } from '../../model/request.fixture.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import { told } from '../policies.fixture.ts';

/** Holds for signatures that are their key's id, so that rows show which key was asked. */
const engine = createEngine({
  host: {
    ...STILL_HOST,
    verifyJws: ({ key, signature }) => 'jwk' in key && key.jwk['kid'] === Buffer.from(signature).toString(),
  },
});

const KEYS: Json = {
  keys: [
    { kty: 'RSA', kid: 'a', n: 'AQ', e: 'AQAB' },
    { kty: 'RSA', kid: 'b', n: 'AQ', e: 'AQAB' },
  ],
};

/** Answers key sets at `https://keys`, and a refusal elsewhere. */
const SOURCE = answeringSource((request) =>
  request.kind === 'http-call' && request.url === 'https://keys'
    ? { ok: true, value: { status: 200, body: KEYS } }
    : { ok: true, value: { status: 404, body: {} } },
);

function compile(mode: string, spec: JsonObject, namespace?: string): Compilation {
  return engine.compile(
    toCelPolicy(
      {
        apiVersion: 'policies.kyverno.io/v1',
        kind: namespace === undefined ? 'ValidatingPolicy' : 'NamespacedValidatingPolicy',
        metadata: { name: 'p', ...(namespace === undefined ? {} : { namespace }) },
        spec: { evaluation: { mode }, ...spec },
      },
      () => undefined,
    ),
    {},
  );
}

const REQUEST: JsonObject = { attributes: { path: '/a', method: 'GET' } };

function request({ resource = REQUEST, ...given }: Partial<EvaluationRequest> = {}): EvaluationRequest {
  const kind = { group: '', version: '', kind: '' };
  return requestOf(resource, { kind, payload: true, checkedBy: 'HTTP', now: 1_700_000_000_000, ...given });
}

async function verdicts(spec: JsonObject, asked = request()): Promise<readonly string[]> {
  const { compiled, diagnostics } = compile('HTTP', spec);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const [decision] = await decide(compiled ? [compiled] : [], asked, SOURCE, { phase: 'validate' });
  return told([decision]);
}

function answers(...expressions: readonly string[]): JsonObject {
  return { validations: expressions.map((expression) => ({ expression })) };
}

const ALLOW = 'http.Allowed().Response()';
const DENY = 'http.Denied("no").Response()';
const FAILS = 'json.Unmarshal("{").a ? http.Allowed().Response() : null';

describe('answers', () => {
  it.each<[string, JsonObject, string]>([
    ['one that allows', answers(ALLOW), 'p pass request allowed'],
    ['one that denies', answers(DENY), 'p fail request denied, reason: no'],
    ['the first decides', answers(ALLOW, DENY), 'p pass request allowed'],
    [
      'null leaves it to the next',
      answers('null', 'object.attributes.path == "/b" ? null : http.Denied("b").Response()', ALLOW),
      'p fail request denied, reason: b',
    ],
    ['none decides', answers('null'), 'p skip request does not match'],
    ['no answers', answers(), 'p skip request does not match'],
    ['what comes after the answer is not evaluated', answers(DENY, FAILS), 'p fail request denied, reason: no'],
    [
      'conditions that do not hold',
      { matchConditions: [{ name: 'a', expression: 'object.attributes.path == "/b"' }], ...answers(DENY) },
      'p skip request does not match',
    ],
    [
      'variables',
      {
        variables: [{ name: 'path', expression: 'object.attributes.path' }],
        ...answers('http.Denied(variables.path).Response()'),
      },
      'p fail request denied, reason: /a',
    ],
    ['an answer that is none', answers('http.CheckResponse{}'), 'p error the response neither allows nor denies'],
    [
      'the same, ignored',
      { failurePolicy: 'Ignore', ...answers('http.CheckResponse{}') },
      'p skip request does not match',
    ],
  ])('%s', async (_, spec, wanted) => {
    expect(await verdicts(spec)).toEqual([wanted]);
  });

  it.each<[string, JsonObject]>([
    ['an answer', answers(FAILS, ALLOW)],
    ['a condition', { matchConditions: [{ name: 'a', expression: 'json.Unmarshal("{").a == 1' }], ...answers(ALLOW) }],
  ])('%s that fails is an error, and with `Ignore` no answer', async (_, spec) => {
    expect((await verdicts(spec))[0]).toMatch(/^p error .*failed to unmarshal JSON/);
    expect(await verdicts({ ...spec, failurePolicy: 'Ignore' })).toEqual(['p skip request does not match']);
  });

  it('a payload that is no request is an error', async () => {
    expect(
      await verdicts(answers('object.attributes.path == "" ? null : null'), request({ resource: { attributes: 1 } })),
    ).toEqual(['p error attributes must be an object']);
  });
});

describe('what they judge', () => {
  it.each<[string, Partial<EvaluationRequest>]>([
    ['an object', { payload: false }],
    ['a request to the other server', { checkedBy: 'Envoy' }],
  ])('%s is not', async (_, given) => {
    expect(await verdicts(answers(DENY), request(given))).toEqual([]);
  });
});

describe('what does not compile', () => {
  it.each<[string, JsonObject, string]>([
    ['a truth', answers('true'), 'rule response output is expected to be of type http.CheckResponse'],
    [
      'an answer half made',
      answers('http.Allowed()'),
      'rule response output is expected to be of type http.CheckResponse',
    ],
    ['a dynamic value', answers('dyn(null)'), 'rule response output is expected to be of type http.CheckResponse'],
    [
      'variables in conditions',
      { matchConditions: [{ name: 'a', expression: 'variables.a' }], variables: [{ name: 'a', expression: 'true' }] },
      "undefined field 'a'",
    ],
    [
      'a condition that is no truth',
      { matchConditions: [{ name: 'a', expression: '1' }] },
      'output is expected to be of type bool',
    ],
  ])('%s', (_, spec, message) => {
    expect(
      compile('HTTP', spec)
        .diagnostics.map((diagnostic) => diagnostic.message)
        .join(),
    ).toContain(message);
  });

  it('a policy of a namespace', () => {
    const { compiled, diagnostics } = compile('HTTP', answers(ALLOW), 'shop');
    expect(compiled).toBeUndefined();
    expect(diagnostics[0]?.code).toBe('policy-unsupported');
  });
});

function token(header: Json, claims: Json, signature: string): string {
  const part = (json: Json) => Buffer.from(JSON.stringify(json)).toString('base64url');
  return `${part(header)}.${part(claims)}.${Buffer.from(signature).toString('base64url')}`;
}

describe('key sets', () => {
  const claims = { sub: 'me', exp: 1_700_000_001 };
  const reads = (url: string, text: string) =>
    answers(`http.Denied(string(jwt.Decode("${text}", jwks.Fetch("${url}")).Valid)).Response()`);
  it.each<[string, string, string, string]>([
    [
      'the key it names verifies it',
      'https://keys',
      token({ alg: 'RS256', kid: 'b' }, claims, 'b'),
      'p fail request denied, reason: true',
    ],
    [
      'another key does not',
      'https://keys',
      token({ alg: 'RS256', kid: 'b' }, claims, 'a'),
      'p error failed to decode the token: its signature does not verify',
    ],
    [
      'none of several is named',
      'https://keys',
      token({ alg: 'RS256' }, claims, 'a'),
      'p error failed to decode the token: it names none of several keys',
    ],
    [
      'an unknown key is named',
      'https://keys',
      token({ alg: 'RS256', kid: 'c' }, claims, 'a'),
      'p error failed to decode the token: no key has the id that it names',
    ],
    [
      'no key set is there',
      'https://none',
      token({ alg: 'RS256', kid: 'b' }, claims, 'b'),
      'p error failed to fetch the key set: status 404',
    ],
  ])('%s', async (_, url, text, wanted) => {
    expect(await verdicts(reads(url, text))).toEqual([wanted]);
  });

  it('are asked for as facts', () => {
    expect([...(compile('HTTP', reads('https://keys', 'a')).compiled?.needs ?? [])]).toContain('http-call');
  });
});
