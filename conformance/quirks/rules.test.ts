import type { JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { evaluateRules, MATCH_PODS, pod, type RuleRun, validate } from '../vectors/evaluate-rule.ts';

const exception = (more: JsonObject = {}, ruleNames: readonly string[] = ['r']): JsonObject => ({
  exceptions: [{ policyName: 'p', ruleNames: [...ruleNames] }],
  match: { any: [{ resources: { kinds: ['Pod'] } }] },
  ...more,
});
const first = (rule: JsonObject, more: Partial<RuleRun> = {}) =>
  evaluateRules({ rules: [rule], resource: pod(), ...more }).results[0];
const privileged = pod({ spec: { containers: [{ name: 'c', image: 'a:1', securityContext: { privileged: true } }] } });

describe('quirks of exceptions and existing violations', () => {
  it.each<[string, JsonObject, JsonObject, string]>([
    ['a pattern', { pattern: { x: 'y' } }, exception(), 'rule is skipped due to policy exceptionsns/e0'],
    ['deny', { deny: {} }, exception(), 'rule is skipped due to policy exceptionsns/e0'],
    [
      'podSecurity',
      { podSecurity: { level: 'baseline' } },
      exception(),
      'rule is skipped due to policy exception ns/e0',
    ],
    [
      'podSecurity with entries',
      { podSecurity: { level: 'baseline' } },
      exception({ podSecurity: [{ controlName: 'Privileged Containers', images: ['*'] }] }),
      'rule is skipped due to policy exceptions ns/e0',
    ],
  ])('quirk 45: the words of a skip: %s', (_what, block, own, wanted) => {
    expect(first(validate(block), { resource: privileged, exceptions: [own] })).toMatchObject({
      status: 'skip',
      message: wanted,
    });
  });

  it('quirk 46: exceptions pass over operations, and over themselves when their conditions cannot be told', () => {
    const operations = { match: { any: [{ resources: { kinds: ['Pod'], operations: ['DELETE'] } }] } };
    expect(first(validate({ deny: {} }), { exceptions: [exception(operations)] })?.status).toBe('skip');
    const conditions = {
      conditions: { all: [{ key: '{{ request.object.nothing }}', operator: 'Equals', value: 'x' }] },
    };
    expect(first(validate({ deny: {} }), { exceptions: [exception(conditions)] })?.status).toBe('fail');
  });

  it('quirk 46: an exception names the rule of autogen that is evaluated', () => {
    const kind = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', namespace: 'ns' } };
    const resource = { ...kind, spec: { template: { spec: { containers: [] } } } };
    const match = { match: { any: [{ resources: { kinds: ['Deployment'] } }] } };
    const rule = validate({ pattern: { spec: { x: 'y' } } });
    expect(first(rule, { resource, exceptions: [exception(match, ['r'])] })?.status).toBe('fail');
    expect(first(rule, { resource, exceptions: [exception(match, ['autogen-r'])] })?.status).toBe('skip');
    expect(first(rule, { resource, exceptions: [exception(match, ['*'])] })?.status).toBe('skip');
  });

  const update = (old: JsonObject): Partial<RuleRun> => ({ request: { operation: 'UPDATE', oldResource: old } });
  const enforce = { failureAction: 'Enforce' };
  it.each<[string, JsonObject, Partial<RuleRun>, string]>([
    ['both fail', validate({ deny: {}, ...enforce }), update(pod()), 'skip'],
    ['in Audit', validate({ deny: {} }), update(pod()), 'fail'],
    ['on CREATE', validate({ deny: {}, ...enforce }), {}, 'fail'],
    ['switched off', validate({ deny: {}, ...enforce, allowExistingViolations: false }), update(pod()), 'fail'],
    [
      'with preconditions',
      validate({ deny: {}, ...enforce }, { preconditions: { all: [{ key: 1, operator: 'Equals', value: 1 }] } }),
      update(pod()),
      'fail',
    ],
    [
      'the old one passed',
      validate({ pattern: { spec: { x: 'y' } }, ...enforce }),
      update(pod({ spec: { x: 'y' } })),
      'fail',
    ],
  ])('quirk 47: existing violations: %s', (_what, rule, more, status) => {
    expect(first(rule, more)?.status).toBe(status);
  });
});

describe('quirks of podSecurity', () => {
  const message = (podSecurity: JsonObject, resource: JsonObject): string =>
    first(validate({ podSecurity }), { resource })?.message ?? '';

  it('quirk 48: privileged is judged as restricted, and restricted keeps the checks of baseline', () => {
    expect(message({ level: 'privileged' }, pod())).toContain('runAsNonRoot');
    const mounts = pod({
      spec: { containers: [{ name: 'c', image: 'a' }], volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    });
    expect(message({ level: 'restricted' }, mounts)).toContain('hostPath volumes');
    expect(message({ level: 'restricted' }, mounts)).toContain('restricted volume types');
  });

  it('quirk 49: the version is printed as it is written; metadata is told as that of a template', () => {
    expect(message({ level: 'baseline' }, privileged)).toContain('PodSecurity "baseline:"');
    expect(message({ level: 'baseline', version: 'v1.24' }, privileged)).toContain('PodSecurity "baseline:v1.24"');
    const annotations = { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' };
    const unconfined = pod({ metadata: { name: 'web', namespace: 'ns', annotations } });
    expect(message({ level: 'baseline' }, unconfined)).toContain('spec.template.metadata.annotations[');
  });

  it('quirk 50: containers let off by image are judged without the pod around them', () => {
    const resource = pod({
      spec: {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'c',
            image: 'a:1',
            securityContext: { allowPrivilegeEscalation: true, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    });
    const exclude = [{ controlName: 'Privilege Escalation', images: ['a:*'] }];
    expect(first(validate({ podSecurity: { level: 'restricted', exclude } }), { resource })?.status).toBe('pass');
    expect(first(validate({ podSecurity: { level: 'restricted' } }), { resource })?.status).toBe('fail');
  });
});

describe('quirks of autogen', () => {
  const controller = (kind: string, apiVersion = 'apps/v1'): JsonObject => ({
    apiVersion,
    kind,
    metadata: { name: 'd', namespace: 'ns' },
    spec: { template: { spec: { containers: [] } } },
  });
  const names = (rules: readonly JsonObject[], more: Partial<RuleRun> = {}): readonly string[] =>
    evaluateRules({ rules, resource: controller('Deployment'), ...more }).results.map(({ rule }) => rule);
  const rule = (name: string, match: JsonObject = MATCH_PODS): JsonObject => validate({ deny: {} }, { name, match });

  it('quirk 51: one rule with a name, or with kinds beside Pod, keeps all rules from being extended', () => {
    expect(names([rule('a')])).toEqual(['autogen-a']);
    const named = { any: [{ resources: { kinds: ['Pod'], names: ['x'] } }] };
    expect(names([rule('a'), rule('b', named)])).toEqual([]);
    const mixed = { any: [{ resources: { kinds: ['Pod', 'Service'] } }] };
    expect(names([rule('a'), rule('b', mixed)])).toEqual([]);
  });

  it('quirk 52: the annotation is taken as it is, blanks and all', () => {
    const listed = (text: string): Partial<RuleRun> => ({
      annotations: { 'pod-policies.kyverno.io/autogen-controllers': text },
    });
    expect(names([rule('a')], listed('Deployment,Job'))).toEqual(['autogen-a']);
    expect(names([rule('a')], listed('Job, Deployment'))).toEqual([]);
    expect(names([rule('a')], listed('none'))).toEqual([]);
  });

  it('quirk 53: texts are rewritten wherever they stand, names are cut', () => {
    const conditions = { all: [{ key: '{{ request.object.spec.containers }}', operator: 'Equals', value: [] }] };
    const long = 'x'.repeat(60);
    const told = validate(
      {
        message: 'see {{ request.object.metadata.name || request.object.spec.x }} request.object.spec',
        deny: { conditions },
      },
      { name: long },
    );
    const { results } = evaluateRules({ rules: [told], resource: controller('Deployment') });
    expect(results[0]?.rule).toBe(`autogen-${long}`.slice(0, 63));
    expect(results[0]?.message).toContain('request.object.spec.template.spec');
  });

  it('quirk 54: for CronJobs every filter becomes one of CronJobs', () => {
    const filter = (kind: string, namespace: string): JsonObject => ({
      resources: { kinds: [kind], namespaces: [namespace] },
    });
    const rules = [rule('a', { any: [filter('Pod', 'other'), filter('Service', 'ns')] })];
    expect(names(rules, { resource: controller('Deployment') })).toEqual([]);
    expect(names(rules, { resource: controller('CronJob', 'batch/v1') })).toEqual(['autogen-cronjob-a']);
  });

  it('quirk 55: rules that a user named autogen- vanish when some were made', () => {
    expect(names([rule('a'), rule('autogen-own', { any: [{ resources: { kinds: ['Deployment'] } }] })])).not.toContain(
      'autogen-own',
    );
  });
});
