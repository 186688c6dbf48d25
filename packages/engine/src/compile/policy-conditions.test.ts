import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../kernel/json.ts';
import { requestOf } from '../model/request.fixture.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { compile, MATCH_PODS, run } from './engine.fixture.ts';

describe('matchConditions', () => {
  const when = (...expressions: string[]): JsonObject => ({
    webhookConfiguration: {
      matchConditions: expressions.map((expression, index) => ({ name: `c${index}`, expression })),
    },
  });
  const DENY = { rules: [{ ...MATCH_PODS, name: 'r', validate: { message: 'no', deny: {} } }] };
  const pod: JsonObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', labels: { a: 'b' } } };
  const admission: JsonObject = { operation: 'CREATE' };

  it.each<[string, string[], Partial<EvaluationRequest>, number]>([
    ['that hold', ["object.metadata.labels.a == 'b'", 'oldObject == null'], {}, 1],
    ['one of which does not', ['true', "request.operation == 'DELETE'"], {}, 0],
    ['about the user', ["request.userInfo.username == 'ann'"], { user: { username: 'ann', groups: [] } }, 1],
    ['that cannot be told', ["object.metadata.gone == 'x'"], {}, 0],
    ['one is false, another fails', ["object.metadata.gone == 'x'", 'false'], {}, 0],
    ['that the API server has judged', ["authorizer.path('/x').check('get').allowed()"], { admission }, 1],
    ['that nobody can judge', ["authorizer.path('/x').check('get').allowed()"], {}, 0],
  ])('%s', async (_name, expressions, given, results) => {
    const decision = await run({ ...when(...expressions), ...DENY }, requestOf(pod, given));
    expect(decision?.results).toHaveLength(results);
  });

  it('that cannot be told do not spare images', async () => {
    const verify = { name: 'r', ...MATCH_PODS, verifyImages: [{ imageReferences: ['*'], required: false }] };
    const spec = (expression: string) => ({ ...when(expression), rules: [verify] });
    const asked = requestOf({ ...pod, spec: { containers: [{ name: 'a', image: 'nginx:1' }] } });
    const fails = await run(spec('object.metadata.gone == 1'), asked, 'verify-images');
    const unmet = await run(spec('false'), asked, 'verify-images');
    expect([fails?.results.length, unmet?.results.length]).toEqual([1, 0]);
  });

  it('are explained', async () => {
    const decision = await run({ ...when('false'), ...DENY }, requestOf(pod), 'validate', true);
    expect(decision?.trace?.[0]).toMatchObject({
      rule: 'r',
      step: 'match',
      outcome: 'no',
      detail: 'webhookConfiguration.matchConditions do not hold',
    });
  });

  it.each([
    ['object.', 'cel-syntax'],
    ['object.metadata', 'cel-type'],
    ['params.x == 1', 'cel-type'],
  ])('a policy with the condition %s is refused', (expression, code) => {
    const { compiled, diagnostics } = compile({ ...when('true', expression), ...DENY });
    expect(compiled).toBeUndefined();
    expect(diagnostics).toMatchObject([
      { code, severity: 'error', path: 'spec.webhookConfiguration.matchConditions[1].expression' },
    ]);
  });
});

describe('names of matchConditions', () => {
  it.each<[string, string[], string[]]>([
    ['fit', ['a', 'not-nodes', 'acme.io/Not_Nodes.x'], []],
    ['no qualified name', ['a b'], ['policy-invalid-value']],
    ['none', [''], ['policy-invalid-value']],
    ['twice', ['a', 'a'], ['policy-conflict']],
    ['too many', Array.from({ length: 64 }, (_, index) => `c${index}`), ['policy-invalid-value']],
  ])('%s', (_name, names, codes) => {
    const matchConditions = names.map((name) => ({ name, expression: 'true' }));
    const { diagnostics } = compile({ webhookConfiguration: { matchConditions }, rules: [] });
    expect(diagnostics.map(({ code }) => code)).toEqual(codes);
  });
});
