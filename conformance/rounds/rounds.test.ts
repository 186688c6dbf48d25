import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createEngine, type Decision, decide, loadPolicy, type Phase } from '@vouchsafe/engine';
import type { Fact, FactRequest, FactSource } from '@vouchsafe/engine/facts';
import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { requestOf } from '../../packages/engine/src/model/request.fixture.ts';

interface Case {
  readonly name: string;
  readonly rounds: number;
  readonly status: string;
  readonly phase?: Phase;
  readonly body: JsonObject;
  readonly facts?: readonly { readonly kind: string; readonly part?: string; readonly value: Json }[];
}

const file = fileURLToPath(new URL('cases.yaml', import.meta.url));
const cases = parse(readFileSync(file, 'utf8')) as readonly Case[]; // our own file

const request = requestOf({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'pod', namespace: 'default' },
  spec: {
    containers: [
      { name: 'a', image: 'r.example/a:1' },
      { name: 'b', image: 'r.example/b:1' },
    ],
  },
});

const kinds = new Set([
  'config-map',
  'resource',
  'api-call',
  'service-call',
  'global-context',
  'image-data',
  'image-digest',
  'image-verification',
] as const);

function compile({ body }: Case) {
  const rule = { name: 'rule', match: { any: [{ resources: { kinds: ['Pod'] } }] }, ...body };
  const document = {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'policy' },
    spec: { background: false, rules: [rule] },
  };
  const { policy, diagnostics } = loadPolicy(document);
  const compiled = policy && createEngine({ host: NODE_HOST }).compile(policy);
  if (!compiled?.compiled) throw new Error(JSON.stringify([...diagnostics, ...(compiled?.diagnostics ?? [])], null, 1));
  return compiled.compiled;
}

/** Answers from the case, counting how often it is asked. */
function sourceOf({ facts = [] }: Case): FactSource & { rounds: number } {
  const answer = (asked: FactRequest): Fact => {
    const found = facts.find(
      ({ kind, part }) => kind === asked.kind && (part === undefined || JSON.stringify(asked).includes(part)),
    );
    return found ? { ok: true, value: found.value } : { ok: false, class: 'not-found', message: 'nothing of the kind' };
  };
  return {
    kinds,
    rounds: 0,
    async fetch(requests) {
      this.rounds += 1;
      return requests.map(answer);
    },
  };
}

const statuses = (decisions: readonly Decision[]) =>
  decisions.flatMap(({ results }) => results.map(({ status }) => status));

describe('facts and evaluation stay apart in the hardest policies', () => {
  it.each(cases)('$name', async (one) => {
    const source = sourceOf(one);
    const decisions = await decide([compile(one)], request, source, { phase: one.phase ?? 'validate' });
    expect(statuses(decisions)).toContain(one.status);
    expect(source.rounds).toBe(one.rounds);
  });

  it.each(cases.filter(({ rounds }) => rounds > 0))(
    'no result is a pass while a fact is missing: $name',
    async (one) => {
      const silent: FactSource = {
        kinds,
        fetch: async (requests) => requests.map(() => ({ ok: false, class: 'timed-out', message: 'no answer' })),
      };
      const decisions = await decide([compile(one)], request, silent, { phase: one.phase ?? 'validate' });
      expect(statuses(decisions)).not.toContain('pass');
      expect(statuses(decisions).length).toBeGreaterThan(0);
    },
  );

  it('an endless chain of questions ends in an error', async () => {
    const chain: Case = {
      name: '',
      rounds: 0,
      status: 'error',
      body: {
        context: Array.from({ length: 40 }, (_, index) => ({
          name: `step${index}`,
          apiCall: {
            urlPath: `/api/v1/namespaces/{{ ${index === 0 ? "'first'" : `step${index - 1}`} }}`,
            jmesPath: 'metadata.name',
          },
        })),
        validate: { deny: { conditions: { any: [{ key: '{{ step39 }}', operator: 'Equals', value: 'x' }] } } },
      },
    };
    const asked: string[] = [];
    const source: FactSource = {
      kinds,
      fetch: async (requests) =>
        requests.map(() => ({ ok: true, value: { metadata: { name: `n${asked.push('')}` } } })),
    };
    const decisions = await decide([compile(chain)], request, source, { phase: 'validate' });
    expect(statuses(decisions)).toEqual(['error']);
    expect(asked.length).toBeLessThanOrEqual(16);
  });
});
