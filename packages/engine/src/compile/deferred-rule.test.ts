import { describe, expect, it } from 'vitest';
import { decide } from '../evaluate/decide.ts';
import { answeringSource } from '../facts/fact-source.fixture.ts';
import { STILL_HOST } from '../kernel/host.fixture.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Decision } from '../model/decision.ts';
import { toLegacyPolicy } from '../model/policy-document.ts';
import { requestOf } from '../model/request.fixture.ts';
import type { RuleKind } from '../rules/rule-kind.ts';
import { validateRules } from '../rules/validate/validate.ts';
import { createEngine } from './create-engine.ts';

const POLICY: JsonObject = {
  rules: [
    {
      name: 'image',
      match: { any: [{ resources: { kinds: ['Pod'] } }] },
      validate: {
        message: 'image of {{ request.object.spec.containers[0].name }}',
        pattern: { spec: { containers: [{ image: 'good/*' }] } },
      },
    },
  ],
};

const podSpec = (image: string): JsonObject => ({ containers: [{ name: 'web', image }] });
const OBJECTS: Readonly<Record<string, (image: string) => JsonObject>> = {
  Pod: (image) => ({ spec: podSpec(image) }),
  Deployment: (image) => ({ spec: { template: { spec: podSpec(image) } } }),
  CronJob: (image) => ({ spec: { jobTemplate: { spec: { template: { spec: podSpec(image) } } } } }),
};

function compiled(ruleKind: RuleKind, defersGenerated: boolean) {
  const engine = createEngine({ host: STILL_HOST, ruleKinds: [ruleKind], defersGenerated });
  const document = { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', metadata: { name: 'p' }, spec: POLICY };
  const { compiled: policy } = engine.compile(toLegacyPolicy(document, () => undefined));
  if (!policy) throw new Error('the policy is in order');
  return policy;
}

async function judge(policy: ReturnType<typeof compiled>, kind: string, image: string, trace = false) {
  const apiVersion = { Deployment: 'apps/v1', CronJob: 'batch/v1' }[kind] ?? 'v1';
  const resource = { apiVersion, kind, metadata: { name: 'web', namespace: 'default' }, ...OBJECTS[kind]?.(image) };
  const [decision] = await decide([policy], requestOf(resource), answeringSource(), { phase: 'validate', trace });
  return decision;
}

/** Counts, and reports an error for every rule after the first. */
function counting(fails: boolean): { readonly kind: RuleKind; readonly names: string[] } {
  const names: string[] = [];
  const compile: RuleKind['compile'] = (compilation) => {
    names.push(compilation.rule.name);
    if (fails && names.length > 1) {
      compilation.report({ code: 'policy-invalid-value', severity: 'error', message: 'no such thing' });
    }
    return validateRules.compile(compilation);
  };
  return { kind: { ...validateRules, compile }, names };
}

describe('rules of autogen that are compiled late', () => {
  it.each(Object.keys(OBJECTS))('answer for a %s what they answer when compiled at once', async (kind) => {
    const decisions: (Decision | undefined)[][] = [];
    for (const defers of [false, true]) {
      const policy = compiled(validateRules, defers);
      decisions.push([
        await judge(policy, kind, 'good/a'),
        await judge(policy, kind, 'bad/a'),
        await judge(policy, kind, 'bad/a', true),
      ]);
    }
    expect(decisions[1]).toEqual(decisions[0]);
    expect(decisions[0]?.map((decision) => decision?.results[0]?.status)).toEqual(['pass', 'fail', 'fail']);
  });

  it('are compiled once, for the first object of their kinds', async () => {
    const { kind, names } = counting(false);
    const policy = compiled(kind, true);
    expect(policy.rules.map(({ name }) => name)).toEqual(['image', 'autogen-image', 'autogen-cronjob-image']);
    await judge(policy, 'Pod', 'good/a');
    expect(names).toEqual(['image']);
    await judge(policy, 'Deployment', 'good/a');
    await judge(policy, 'Deployment', 'bad/a');
    expect(names).toEqual(['image', 'autogen-image']);
  });

  it('err where they turn out not to compile', async () => {
    const decision = await judge(compiled(counting(true).kind, true), 'Deployment', 'good/a');
    expect(decision?.results).toMatchObject([{ rule: 'autogen-image', status: 'error', message: 'no such thing' }]);
  });
});
