import { type CompiledPolicy, type FailurePolicy, policyKey } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { PROTECTED_ANNOTATIONS } from '../settings/protected-annotations.ts';
import { registeredFailurePolicy } from '../store/registered-failure-policy.ts';
import { bootstrapConditions, bootstrapRules } from './bootstrap-rules.ts';
import { celWebhooks, isBootstrapWebhook } from './cel-webhooks.ts';
import { clientConfigOf } from './client-config.ts';
import { MAX_TIMEOUT_SECONDS, type WebhookInputs } from './webhook-inputs.ts';
import { computeWebhookRules, type Side, type WebhookRule } from './webhook-rules.ts';

export interface WebhookConfigurations {
  readonly mutating: JsonObject;
  readonly validating: JsonObject;
  /** Of both sides what is called `Ignore` for the sake of the cluster alone: the others stay as Kyverno writes them. */
  readonly bootstrap: readonly JsonObject[];
}

/** API servers call mutating configurations in the order of their names. */
export const MUTATING_CONFIGURATION = 'kyverno-resource-mutating-webhook-cfg';
export const MANAGED_BY = 'webhook.kyverno.io/managed-by';
const NAMES: Readonly<
  Record<
    Side,
    {
      readonly configuration: string;
      readonly bootstrap: string;
      readonly webhook: string;
      readonly path: string;
      readonly kind: string;
    }
  >
> = {
  mutating: {
    configuration: MUTATING_CONFIGURATION,
    bootstrap: 'kyverno-resource-mutating-webhook-cfg-bootstrap',
    webhook: 'mutate.kyverno.svc',
    path: '/mutate',
    kind: 'MutatingWebhookConfiguration',
  },
  validating: {
    configuration: 'kyverno-resource-validating-webhook-cfg',
    bootstrap: 'kyverno-resource-validating-webhook-cfg-bootstrap',
    webhook: 'validate.kyverno.svc',
    path: '/validate',
    kind: 'ValidatingWebhookConfiguration',
  },
};

/**
 * The resource webhook configurations for the policies that exist, under Kyverno's names (kyverno-core §4.1).
 * Beyond Kyverno: policies that can only audit are registered `Ignore`; nodes, leases and access reviews never depend
 * on us; and writes that claim a verification outcome through a subresource come to the guard.
 */
export function computeResourceWebhooks(inputs: WebhookInputs): WebhookConfigurations {
  const [mutating, validating] = [webhooksOf('mutating', inputs), webhooksOf('validating', inputs)];
  return {
    mutating: configuration('mutating', NAMES.mutating.configuration, mutating.own, inputs),
    validating: configuration('validating', NAMES.validating.configuration, validating.own, inputs),
    bootstrap: [
      configuration('mutating', NAMES.mutating.bootstrap, mutating.bootstrap, inputs),
      configuration('validating', NAMES.validating.bootstrap, validating.bootstrap, inputs),
    ],
  };
}

function configuration(
  side: Side,
  name: string,
  webhooks: readonly JsonObject[],
  { labels, annotations }: WebhookInputs,
): JsonObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: NAMES[side].kind,
    metadata: { name, labels: { ...labels, [MANAGED_BY]: 'kyverno' }, annotations: { ...annotations } },
    webhooks: webhooks.toSorted((a, b) => (String(a['name']) < String(b['name']) ? -1 : 1)),
  };
}

interface SideWebhooks {
  readonly own: readonly JsonObject[];
  readonly bootstrap: readonly JsonObject[];
}

function webhooksOf(side: Side, inputs: WebhookInputs): SideWebhooks {
  const admitted = inputs.policies.filter((policy) => policy.admission);
  const legacy = admitted.filter((policy) => policy.webhook === undefined);
  const registeredAs = (failurePolicy: FailurePolicy) =>
    legacy.filter((policy) => registeredFailurePolicy(policy, inputs.auditOnly) === failurePolicy);
  const [allFail, allIgnore] = [registeredAs('Fail'), registeredAs('Ignore')];
  const [fail, ignore] = [allFail.filter(sharesWebhook), allIgnore.filter(sharesWebhook)];
  const rulesOf = (policies: readonly CompiledPolicy[]) => computeWebhookRules(policies, side, inputs.served);
  const failRules = rulesOf(fail);
  const [ignoreRules, sparedRules] = [rulesOf(ignore), bootstrapRules(rulesOf(allFail))];
  // One webhook for both: an object that both are about is sent once.
  const ignored = ignoreRules.length > 0 ? [...ignoreRules, ...sparedRules] : [];
  const inCel = celWebhooks(side, admitted, inputs);
  const own = [
    ...(failRules.length > 0 ? [webhook(side, 'Fail', fail, failRules, inputs)] : []),
    ...(ignored.length > 0 ? [webhook(side, 'Ignore', ignore, ignored, inputs)] : []),
    ...fineGrainedWebhooks(side, 'Fail', allFail, inputs),
    ...fineGrainedWebhooks(side, 'Ignore', allIgnore, inputs),
    ...inCel.filter((one) => !isBootstrapWebhook(one)),
    ...(side === 'mutating' ? guardWebhook(legacy, inputs) : []),
  ];
  const isSpared = ignored.length === 0 && sparedRules.length > 0;
  const spared = isSpared ? [webhook(side, 'Ignore', [], sparedRules, inputs)] : [];
  return { own, bootstrap: [...spared, ...inCel.filter(isBootstrapWebhook)] };
}

function sharesWebhook({ matchConditions }: CompiledPolicy): boolean {
  return matchConditions === undefined;
}

/** A webhook a policy with `matchConditions`, which take the place of the ConfigMap's (kyverno-core §4.1). */
function fineGrainedWebhooks(
  side: Side,
  failurePolicy: FailurePolicy,
  policies: readonly CompiledPolicy[],
  inputs: WebhookInputs,
): readonly JsonObject[] {
  const names = new Set<string>();
  return policies.flatMap((policy) => {
    const rules = computeWebhookRules([policy], side, inputs.served);
    if (policy.matchConditions === undefined || rules.length === 0) return [];
    const key = policyKey(policy.ref);
    const matchConditions = policy.matchConditions.written.map(({ name, expression }) => ({
      name,
      expression: side === 'mutating' && verifiesImages(policy) ? orClaims(expression) : expression,
    }));
    const one = webhook(side, failurePolicy, [policy], rules, { ...inputs, matchConditions }, `/finegrained/${key}`);
    // A Policy `a/b` and a ClusterPolicy `a-b` may both exist; names must differ.
    let name = `${String(one['name'])}-finegrained-${key.replace('/', '-')}`;
    while (names.has(name)) name += '-x';
    names.add(name);
    return [{ ...one, name }];
  });
}

function verifiesImages({ selectors }: CompiledPolicy): boolean {
  return selectors.some(({ phases }) => phases.has('verify-images'));
}

/** Whoever claims an outcome of verification is called for, too, to have the claim taken away. */
function orClaims(expression: string): string {
  return `(${expression}\n) || ${CLAIMS}`; // the expression may end in a comment
}

function webhook(
  side: Side,
  failurePolicy: 'Fail' | 'Ignore',
  policies: readonly CompiledPolicy[],
  rules: readonly WebhookRule[],
  inputs: WebhookInputs,
  ofPolicy = '',
): JsonObject {
  const suffix = failurePolicy.toLowerCase();
  const asked = policies.map((policy) => policy.timeoutSeconds ?? 0);
  const conditions = [...inputs.matchConditions, ...(failurePolicy === 'Fail' ? bootstrapConditions(rules) : [])];
  return {
    name: `${NAMES[side].webhook}-${suffix}`,
    clientConfig: clientConfigOf(`${NAMES[side].path}/${suffix}${ofPolicy}`, inputs.target, inputs.caBundle),
    rules,
    failurePolicy,
    matchPolicy: 'Equivalent',
    ...(inputs.namespaceSelector ? { namespaceSelector: inputs.namespaceSelector } : {}),
    objectSelector: inputs.objectSelector ?? {},
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds: Math.min(MAX_TIMEOUT_SECONDS, Math.max(inputs.defaultTimeout, ...asked)),
    admissionReviewVersions: ['v1'],
    ...(side === 'mutating' ? { reinvocationPolicy: 'IfNeeded' } : {}),
    ...(conditions.length > 0 ? { matchConditions: conditions } : {}),
  };
}

const PROTECTED_KEYS = `[${PROTECTED_ANNOTATIONS.map((name) => `'${name}'`).join(', ')}]`;

function annotationOf(object: string): string {
  return `(${object} != null && has(${object}.metadata) && has(${object}.metadata.annotations) && k in ${object}.metadata.annotations ? ${object}.metadata.annotations[k] : '')`;
}

/** The request changes an annotation that only image verification may write. */
const CLAIMS = `${PROTECTED_KEYS}.exists(k, ${annotationOf('object')} != ${annotationOf('oldObject')})`;

/**
 * Calls us for writes through subresources only when they change a protected annotation, which honest clients never
 * do: so it can be `Fail` without the kubelet's status updates depending on us.
 */
function guardWebhook(policies: readonly CompiledPolicy[], inputs: WebhookInputs): readonly JsonObject[] {
  const verifying = policies.flatMap((policy) => {
    const selectors = policy.selectors.filter((selector) => selector.phases.has('verify-images'));
    // `pods/*` would mean the Pods themselves, too: the API server takes `*` for no subresource as well
    const guarded = selectors.map((selector) => ({ ...selector, subresource: '?*', operations: [] }));
    return guarded.length > 0 ? [{ ...policy, selectors: guarded }] : [];
  });
  const rules = computeWebhookRules(verifying, 'mutating', inputs.served).map((rule) => ({
    ...rule,
    resources: rule.resources.filter((resource) => !resource.endsWith('/ephemeralcontainers')),
  }));
  if (rules.length === 0) return [];
  return [
    {
      name: 'guard.kyverno.svc',
      clientConfig: clientConfigOf('/mutate/guard', inputs.target, inputs.caBundle),
      rules,
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      ...(inputs.namespaceSelector ? { namespaceSelector: inputs.namespaceSelector } : {}),
      objectSelector: inputs.objectSelector ?? {},
      sideEffects: 'None',
      timeoutSeconds: inputs.defaultTimeout,
      admissionReviewVersions: ['v1'],
      reinvocationPolicy: 'IfNeeded',
      matchConditions: [{ name: 'claims-verification', expression: CLAIMS }],
    },
  ];
}
