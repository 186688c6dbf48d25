import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CompiledPolicy,
  createEngine,
  type Decision,
  decide,
  type EvaluationRequest,
  loadPolicies,
  type Phase,
} from '@vouchsafe/engine';
import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator/host';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answeringSource } from '../../packages/engine/src/facts/fact-source.fixture.ts';
import { requestOf } from '../../packages/engine/src/model/request.fixture.ts';

const loaded = loadPolicies(readFileSync(join(import.meta.dirname, 'policies.yaml'), 'utf8'), 'policies.yaml');
const engine = createEngine({ host: NODE_HOST });
const compiled = loaded.policies.flatMap((policy) => engine.compile(policy).compiled ?? []);
const PHASES: readonly Phase[] = ['mutate', 'verify-images', 'validate', 'generate', 'delete'];

function toRequest(resource: JsonObject, more: Partial<EvaluationRequest> = {}): EvaluationRequest {
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  return requestOf(resource, { kind, namespace: 'default', name: 'web', ...more });
}

async function decideAll(
  request: EvaluationRequest,
  policies: readonly CompiledPolicy[] = compiled,
  trace = false,
): Promise<readonly Decision[]> {
  const decisions: Decision[] = [];
  for (const phase of PHASES) {
    if (request.operation === 'DELETE' && phase !== 'validate' && phase !== 'generate') continue;
    decisions.push(...(await decide(policies, request, answeringSource(), { phase, trace })));
  }
  return decisions;
}

/** Objects that look like something on the outside and may be anything inside. */
const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
const text = fc.oneof(fc.string(), fc.constantFrom('{{ x }}', '{{', '$(./a)', '__proto__', '1Gi', '1h', 'a:1', '*'));
/** Members that JavaScript asks objects for when it makes texts, numbers or lists of them. */
const inherited = fc.dictionary(
  fc.constantFrom('toString', 'valueOf', 'toJSON', 'then', 'length', 'constructor', 'hasOwnProperty', '__proto__'),
  fc.oneof(json, fc.constantFrom<Json>('', null, {})),
  { minKeys: 1 },
) as fc.Arbitrary<Json>;
const value = fc.oneof(json, text, inherited, fc.array(inherited, { maxLength: 3 }));
const containers = fc.oneof(
  value,
  fc.array(fc.oneof(value, fc.record({ name: value, image: value, securityContext: value }))),
);
const objects = fc.oneof(
  fc.record(
    {
      apiVersion: value,
      kind: value,
      metadata: fc.oneof(value, fc.record({ name: value, namespace: value, labels: value, annotations: value })),
      spec: fc.oneof(
        value,
        fc.record({ x: value, y: value, text: value, list: value, map: value, containers }, { requiredKeys: [] }),
      ),
    },
    { requiredKeys: [] },
  ),
  fc.dictionary(text, value),
) as fc.Arbitrary<JsonObject>;
const requests = fc
  .record({ resource: objects, old: fc.option(objects), operation: fc.constantFrom('CREATE', 'UPDATE', 'DELETE') })
  .map(({ resource, old, operation }) =>
    operation === 'DELETE'
      ? toRequest(resource, { operation, resource: undefined, oldResource: resource })
      : toRequest(resource, { operation: operation === 'UPDATE' ? 'UPDATE' : 'CREATE', oldResource: old ?? undefined }),
  );

describe('whatever is submitted', () => {
  it('is about policies that compile', () => {
    expect(loaded.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(compiled).toHaveLength(loaded.policies.length);
  });

  it('never makes evaluation throw, and decisions are plain JSON', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        for (const decision of await decideAll(request, compiled, true)) {
          expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
        }
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  it('is decided the same again, and is not changed', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const before = JSON.stringify(request);
        const first = await decideAll(request);
        expect(await decideAll(request)).toEqual(first);
        expect(JSON.stringify(request)).toBe(before);
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it('policies do not influence each other, in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(requests, fc.shuffledSubarray(compiled, { minLength: 1 }), async (request, some) => {
        const together = await decide(some, request, answeringSource(), { phase: 'validate' });
        const alone = [];
        for (const policy of some)
          alone.push(...(await decide([policy], request, answeringSource(), { phase: 'validate' })));
        expect(together).toEqual(alone);
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});

const DEEP = 10_000;

function nested(depth: number, wrap: (inner: Json) => Json): Json {
  let inner: Json = 'x';
  for (let level = 0; level < depth; level += 1) inner = wrap(inner);
  return inner;
}

/** A blow-up shows as a test that does not end; no time is measured. */
describe('hostile objects', () => {
  const long = 'a'.repeat(1_000_000);
  it.each<[string, Json]>([
    ['a text of a megabyte', long],
    ['a text that almost matches', `${long}!`],
    ['a name of wildcards', '*a'.repeat(50_000)],
    ['braces without end', '{{'.repeat(100_000)],
    ['references without end', '$('.repeat(100_000)],
    ['alternatives without end', 'a|&'.repeat(100_000)],
    ['digits without end', '9'.repeat(1_000_000)],
    ['a list of ten thousand', Array.from({ length: 10_000 }, (_, index) => `${index}`)],
    ['lists inside of lists', nested(DEEP, (inner) => [inner])],
    ['maps inside of maps', nested(DEEP, (inner) => ({ a: inner }))],
    ['lists of maps', nested(DEEP, (inner) => ({ containers: [inner] }))],
  ])(
    '%s',
    async (_what, hostile) => {
      const metadata = { name: typeof hostile === 'string' ? hostile : 'web', labels: { a: 'b', c: hostile } };
      const spec = {
        x: hostile,
        y: hostile,
        text: hostile,
        list: hostile,
        containers: [{ name: hostile, image: hostile }],
      };
      const resource: JsonObject = { apiVersion: 'v1', kind: 'Pod', metadata, spec };
      for (const request of [
        toRequest(resource),
        toRequest(resource, { operation: 'UPDATE', oldResource: resource }),
      ]) {
        const decisions = await decideAll(request);
        expect(decisions.length).toBeGreaterThan(0);
        for (const { results } of decisions) for (const { status } of results) expect(status).toMatch(/^[a-z]+$/);
      }
    },
    60_000,
  );
});
