import { describe, expect, it } from 'vitest';
import type { Fact } from '../facts/fact.ts';
import type { FactRequest } from '../facts/fact-request.ts';
import type { FactSource } from '../facts/fact-source.ts';
import { FactTable } from '../facts/fact-table.ts';
import type { Json, JsonObject } from '../kernel/json.ts';
import type { CompiledPolicy, CompiledRule, Phase, RuleInput, RuleOutcome } from '../model/compiled-policy.ts';
import { requestOf } from '../model/request.fixture.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { decide, decideAtOnce } from './decide.ts';
import { evaluate } from './evaluate.ts';

const ALL: ReadonlySet<Phase> = new Set(['mutate', 'verify-images', 'validate']);

function rule(name: string, evaluateRule: (input: RuleInput) => Partial<RuleOutcome>): CompiledRule {
  return {
    name,
    type: 'Validation',
    phases: ALL,
    action: () => 'Enforce',
    evaluate: (input) => ({ results: [pass(name)], effects: [], ...evaluateRule(input) }),
  };
}

function pass(name: string, message = 'ok'): RuleOutcome['results'][number] {
  return { rule: name, type: 'Validation', status: 'pass', message, action: 'Enforce' };
}

function policy(name: string, rules: readonly CompiledRule[], given: Partial<CompiledPolicy> = {}): CompiledPolicy {
  return {
    ref: { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name },
    failurePolicy: 'Fail',
    canEnforce: true,
    background: true,
    admission: true,
    applyRules: 'All',
    timeoutSeconds: undefined,
    selectors: [],
    matches: () => true,
    standing: () => 'enforce',
    rules,
    needs: new Set(),
    autogenRules: [],
    annotations: {},
    labels: {},
    emitWarning: false,
    ...given,
  };
}

const request = requestOf(
  { metadata: { name: 'a' }, n: 0 },
  { kind: { group: '', version: 'v1', kind: 'ConfigMap' }, namespace: 'default' },
);

function configMap(name: string): FactRequest {
  return { kind: 'config-map', namespace: 'default', name };
}

/** Answers every request with its name, and remembers the batches. */
class Recorder implements FactSource {
  readonly kinds = new Set<FactRequest['kind']>(['config-map']);
  readonly batches: string[][] = [];

  async fetch(requests: readonly FactRequest[]): Promise<readonly Fact<Json>[]> {
    const names = requests.map((asked) => ('name' in asked ? String(asked.name) : ''));
    this.batches.push(names);
    return names.map((value) => ({ ok: true, value }));
  }
}

function needing(name: string, fact = name): CompiledRule {
  return rule(name, ({ facts }) => {
    const known = facts.get(configMap(fact));
    return { results: [pass(name, known.ok ? String(known.value) : known.message)] };
  });
}

/** Its value is the name of the next one, without end. */
const endless = rule('endless', ({ facts }) => {
  for (let at = 0; ; at += 1) facts.get(configMap(String(at)));
});

/** What an AbortController is, which the engine knows no type of. */
function createAbort() {
  const listeners = new Set<() => void>();
  const signal = {
    aborted: false,
    addEventListener: (_type: 'abort', listener: () => void) => void listeners.add(listener),
    removeEventListener: (_type: 'abort', listener: () => void) => void listeners.delete(listener),
  };
  const abort = (): void => {
    signal.aborted = true;
    for (const listener of [...listeners]) {
      listeners.delete(listener);
      listener();
    }
  };
  return { signal, abort, listening: () => listeners.size };
}

describe('decide', () => {
  it('gathers the needs of independent rules and policies into one batch', async () => {
    const source = new Recorder();
    const policies = [
      policy('p', [needing('a'), needing('b')]),
      policy('q', [needing('c'), needing('a')]),
      policy('r', [rule('none', () => ({}))]),
    ];
    const decisions = await decide(policies, request, source, { phase: 'validate' });
    expect(source.batches).toEqual([['a', 'b', 'c']]);
    expect(decisions.map(({ results }) => results.map(({ message }) => message))).toEqual([
      ['a', 'b'],
      ['c', 'a'],
      ['ok'],
    ]);
  });

  it('answers at once when the facts at hand are enough, and else notes what is missing', () => {
    const facts = new FactTable();
    const policies = [policy('p', [needing('a')]), policy('q', [rule('none', () => ({}))])];
    const options = { phase: 'validate', facts } as const;
    expect(decideAtOnce(policies, request, options)).toBeUndefined();
    expect(facts.takeNeeds()).toEqual([configMap('a')]);
    facts.add(configMap('a'), { ok: true, value: 'known' });
    expect(decideAtOnce(policies, request, options)?.map(({ results }) => results[0]?.message)).toEqual([
      'known',
      'ok',
    ]);
  });

  it('goes on with what the source has at hand, and keeps it for who must wait', () => {
    const policies = [policy('p', [needing('one')]), policy('q', [needing('two')])];
    const names = new Set(['one']);
    const facts = new FactTable({
      known: (need) => ('name' in need && names.has(String(need.name)) ? { ok: true, value: {} } : undefined),
    });
    const options = { phase: 'validate', facts } as const;
    expect(decideAtOnce(policies, request, options)).toBeUndefined();
    expect(facts.entries()).toHaveLength(1);
    expect(facts.takeNeeds()).toEqual([configMap('two')]);
    names.add('two');
    expect(decideAtOnce(policies, request, options)).toHaveLength(2);
    expect(facts.takeNeeds()).toEqual([]);
  });

  it('keeps the first answer of a source for the whole decision', () => {
    let asked = 0;
    const facts = new FactTable({ known: () => ({ ok: true, value: { asked: ++asked } }) });
    expect(facts.get(configMap('a'))).toBe(facts.get(configMap('a')));
    expect(asked).toBe(1);
  });

  it('evaluates a complete policy once, however many rounds the others take', async () => {
    let evaluations = 0;
    const counting = rule('counting', () => {
      evaluations += 1;
      return {};
    });
    const chain = rule('chain', ({ facts }) => {
      for (const name of ['1', '2', '3']) facts.get(configMap(name));
      return {};
    });
    const source = new Recorder();
    await decide([policy('done', [counting]), policy('slow', [chain])], request, source, { phase: 'validate' });
    expect([evaluations, source.batches]).toEqual([1, [['1'], ['2'], ['3']]]);
  });

  it.each(['validate', 'mutate', 'verify-images'] as const)(
    'ends an endless chain with an error in %s',
    async (phase) => {
      const source = new Recorder();
      const [decision] = await decide([policy('p', [endless])], request, source, { phase, rounds: 4 });
      expect(source.batches).toHaveLength(4);
      expect(decision?.results).toMatchObject([
        { rule: 'endless', status: 'error', reason: 'rounds-exhausted', action: 'Enforce' },
      ]);
    },
  );

  it('an aborted signal makes what is missing an error, never a pass', async () => {
    const signal = { aborted: false, addEventListener: () => {}, removeEventListener: () => {} };
    const source: FactSource = {
      kinds: new Set(),
      fetch: async (requests) => {
        signal.aborted = true;
        return requests.map(() => ({ ok: true, value: 1 }));
      },
    };
    const [decision] = await decide([policy('p', [rule('fine', () => ({})), endless])], request, source, {
      phase: 'validate',
      signal,
    });
    expect(decision?.results).toMatchObject([{ status: 'pass' }, { status: 'error', reason: 'timed-out' }]);
  });

  it('does not wait for a source that does not heed the signal', async () => {
    const controller = createAbort();
    const source: FactSource = {
      kinds: new Set(),
      fetch: () => {
        controller.abort();
        return new Promise(() => {});
      },
    };
    const [decision] = await decide([policy('p', [needing('a')])], request, source, {
      phase: 'validate',
      signal: controller.signal,
    });
    expect(decision?.results[0]?.message).toBe('the answer did not come in time');
    expect(controller.listening()).toBe(0);
  });

  it('takes what a source that heeds the signal knows by then', async () => {
    const controller = createAbort();
    const source: FactSource = {
      kinds: new Set(),
      fetch: (requests) =>
        new Promise((resolve) => {
          controller.signal.addEventListener('abort', () =>
            resolve(requests.map(() => ({ ok: true, value: 'known' }))),
          );
          queueMicrotask(controller.abort);
        }),
    };
    const [decision] = await decide([policy('p', [needing('a')])], request, source, {
      phase: 'validate',
      signal: controller.signal,
    });
    expect(decision?.results[0]?.message).toBe('known');
  });

  it('a source that answers too little leaves failed facts', async () => {
    const source: FactSource = { kinds: new Set(), fetch: async () => [] };
    const [decision] = await decide([policy('p', [needing('a')])], request, source, { phase: 'validate' });
    expect(decision?.results[0]?.message).toBe('the source gave no answer');
  });

  it('replays with recorded facts alone', async () => {
    const facts = new FactTable();
    const first = await decide([policy('p', [needing('a')])], request, new Recorder(), { phase: 'validate', facts });
    const silent = new Recorder();
    const second = await decide([policy('p', [needing('a')])], request, silent, { phase: 'validate', facts });
    expect(second).toEqual(first);
    expect(silent.batches).toEqual([]);
  });
});

function adding(name: string, status: 'pass' | 'error' = 'pass', fact?: string): CompiledRule {
  return rule(name, ({ resource, facts }) => {
    if (fact) facts.get(configMap(fact));
    const next: JsonObject = { ...resource, n: Number(resource['n']) + 1 };
    return { results: [{ ...pass(name), status }], resource: next };
  });
}

describe('policies that change the object', () => {
  it('see it as the ones before left it', async () => {
    const policies = [policy('p', [adding('a'), adding('b')]), policy('q', [adding('c')])];
    const decisions = await decide(policies, request, new Recorder(), { phase: 'mutate' });
    expect(decisions.map(({ patched }) => patched?.['n'])).toEqual([2, 3]);
    expect(request.resource?.['n']).toBe(0);
  });

  it('resume where facts were missing, without asking for a later object too early', async () => {
    const source = new Recorder();
    const policies = [policy('p', [adding('a', 'pass', 'one')]), policy('q', [adding('b', 'pass', 'two')])];
    const decisions = await decide(policies, request, source, { phase: 'mutate' });
    expect(source.batches).toEqual([['one'], ['two']]);
    expect(decisions.map(({ patched }) => patched?.['n'])).toEqual([1, 2]);
  });

  it('look ahead while images are verified', async () => {
    const source = new Recorder();
    const policies = [policy('p', [adding('a', 'pass', 'one')]), policy('q', [adding('b', 'pass', 'two')])];
    await decide(policies, request, source, { phase: 'verify-images' });
    expect(source.batches).toEqual([['one', 'two']]);
  });

  it('contribute nothing when one of their rules failed, and the next starts from before', async () => {
    const policies = [policy('p', [adding('a'), adding('b', 'error')]), policy('q', [adding('c')])];
    const decisions = await decide(policies, request, new Recorder(), { phase: 'mutate' });
    expect(decisions.map(({ patched, effects }) => [patched?.['n'], effects])).toEqual([
      [undefined, []],
      [1, [{ kind: 'patch', operations: [{ op: 'replace', path: '/n', value: 1 }] }]],
    ]);
  });
});

describe('evaluate', () => {
  it('answers the needs, then the decision', () => {
    const facts = new FactTable();
    const asked = evaluate(policy('p', [needing('a'), needing('b')]), request, facts, 'validate');
    expect(asked.needs).toEqual([configMap('a'), configMap('b')]);
    for (const need of asked.needs ?? []) facts.add(need, { ok: true, value: 'known' });
    const { decision } = evaluate(policy('p', [needing('a'), needing('b')]), request, facts, 'validate');
    expect(decision?.results.map(({ message }) => message)).toEqual(['known', 'known']);
  });

  it('applyRules One stops at the first pass or fail', () => {
    const skipped = rule('skipped', () => ({ results: [{ ...pass('skipped'), status: 'skip' }] }));
    const one = policy('p', [skipped, rule('first', () => ({})), rule('second', () => ({}))], { applyRules: 'One' });
    const { decision } = evaluate(one, request, new FactTable(), 'validate');
    expect(decision?.results.map(({ rule: name }) => name)).toEqual(['skipped', 'first']);
  });

  it('a bug is not a need', () => {
    const broken = rule('broken', () => {
      throw new TypeError('a bug');
    });
    expect(() => evaluate(policy('p', [broken]), request, new FactTable(), 'validate')).toThrow('a bug');
  });

  it('a decision is plain JSON', () => {
    const { decision } = evaluate(policy('p', [adding('a')]), request, new FactTable(), 'mutate', { trace: true });
    expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
  });
});

describe('a bypass', () => {
  const fails = rule('r', () => ({
    results: [{ ...pass('r', 'bad'), status: 'fail' }],
    effects: [{ kind: 'delete', target: { apiVersion: 'v1', kind: 'Pod', namespace: '', name: 'x' } }],
    resource: { n: 1 },
  }));
  const decideOne = async (bypass: EvaluationRequest['bypass'], phase: Phase = 'validate') =>
    (await decide([policy('p', [fails])], { ...request, ...(bypass ? { bypass } : {}) }, new Recorder(), { phase }))[0];

  it.each<Phase>(['mutate', 'verify-images', 'validate'])('that is granted skips every rule in %s', async (phase) => {
    const decision = await decideOne(() => ({ granted: true, message: 'by rita', by: 'rita', until: 't' }), phase);
    expect(decision?.results).toEqual([{ ...pass('r', 'by rita'), status: 'skip', emitWarning: true }]);
    expect([decision?.effects, decision?.patched]).toEqual([[], undefined]);
  });

  it('that is refused says why, where the policy is not met', async () => {
    const decision = await decideOne(() => ({ granted: false, reason: 'no right' }));
    expect(decision?.results.map(({ status, message }) => `${status}: ${message}`)).toEqual([
      'fail: bad; `policies.kyverno.io/skip` does not count: no right',
    ]);
  });

  it('that nobody asks for changes nothing', async () => {
    expect(await decideOne(() => undefined)).toEqual(await decideOne(undefined));
  });

  it('that cannot be told in time is refused', async () => {
    const need = { kind: 'config-map', namespace: 'a', name: 'b' } as const;
    const judge: EvaluationRequest['bypass'] = (_, __, facts) => {
      facts.get(need);
      return { granted: true, message: '', by: '', until: '' };
    };
    const asked = { ...request, bypass: judge };
    const signal = { aborted: true, addEventListener() {}, removeEventListener() {} };
    const [decision] = await decide([policy('p', [fails])], asked, new Recorder(), { phase: 'validate', signal });
    expect(decision?.bypass).toEqual({ granted: false, reason: 'a fact was not known in time' });
    expect(decision?.results[0]?.status).toBe('fail');
  });
});
