import type { Cluster } from '../../api/cluster.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { memberAt, numberAt, objectAt, objectsAt, stringAt, stringsAt } from '../../store/json-value.ts';
import type { LabelSelector } from '../../store/label-selector.ts';
import { selectorFromObject } from '../../store/label-selector.ts';
import type { CompiledConditions, MatchConditionCompiler } from './match-conditions.ts';
import { compileMatchConditions } from './match-conditions.ts';

/** One rule of a webhook. */
export interface WebhookRule {
  readonly operations: readonly string[];
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  /** Empty for all; only policies have it. */
  readonly resourceNames: readonly string[];
  readonly scope: string;
}

/** Where a webhook is reached. */
export type WebhookTarget =
  | { readonly kind: 'url'; readonly url: string }
  | {
      readonly kind: 'service';
      readonly namespace: string;
      readonly name: string;
      readonly port: number;
      readonly path: string;
    };

/** One webhook of a configuration, ready to match and call. */
export interface Webhook {
  /** Configuration name, webhook name and position: identifies it across reinvocations. */
  readonly id: string;
  readonly configuration: string;
  readonly name: string;
  readonly target: WebhookTarget;
  /** PEM, or undefined for the machine's own roots. */
  readonly caBundle: string | undefined;
  readonly rules: readonly WebhookRule[];
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly matchPolicy: 'Exact' | 'Equivalent';
  readonly sideEffects: string;
  readonly timeoutSeconds: number;
  readonly reinvocable: boolean;
  readonly reviewVersion: 'v1' | 'v1beta1' | undefined;
  readonly conditions: CompiledConditions | undefined;
}

/** Gives the webhooks of all configurations of one type, in calling order. */
export interface WebhookSource {
  webhooks(): readonly Webhook[];
  stop(): void;
}

/** Follows the configurations in a storage; compiles them once per change. */
export function createWebhookSource(
  cluster: Cluster,
  storage: string,
  compiler: MatchConditionCompiler | undefined,
): WebhookSource {
  let compiled: readonly Webhook[] | undefined;
  const subscription = cluster.store.subscribe(storage, () => {
    compiled = undefined;
  });
  return {
    webhooks() {
      // The store lists by name, which is the order of calls.
      compiled ??= cluster.store
        .list(storage)
        .flatMap(({ object, name }) => compileConfiguration(name, object, compiler));
      return compiled;
    },
    stop: () => subscription.stop(),
  };
}

function compileConfiguration(
  configuration: string,
  object: JsonObject,
  compiler: MatchConditionCompiler | undefined,
): Webhook[] {
  return objectsAt(object, 'webhooks').map((webhook, index) => compileWebhook(configuration, webhook, index, compiler));
}

function compileWebhook(
  configuration: string,
  webhook: JsonObject,
  index: number,
  compiler: MatchConditionCompiler | undefined,
): Webhook {
  const name = stringAt(webhook, 'name');
  const clientConfig = objectAt(webhook, 'clientConfig');
  const caBundle = stringAt(clientConfig, 'caBundle');
  const conditions = objectsAt(webhook, 'matchConditions');
  const versions = stringsAt(webhook, 'admissionReviewVersions');
  return {
    id: `${configuration}/${name}/${index}`,
    configuration,
    name,
    target: targetOf(clientConfig),
    caBundle: caBundle === '' ? undefined : atob(caBundle),
    rules: objectsAt(webhook, 'rules').map(ruleOf),
    namespaceSelector: selectorFromObject(objectAt(webhook, 'namespaceSelector') ?? {}),
    objectSelector: selectorFromObject(objectAt(webhook, 'objectSelector') ?? {}),
    failurePolicy: stringAt(webhook, 'failurePolicy') === 'Ignore' ? 'Ignore' : 'Fail',
    matchPolicy: stringAt(webhook, 'matchPolicy') === 'Exact' ? 'Exact' : 'Equivalent',
    sideEffects: stringAt(webhook, 'sideEffects'),
    timeoutSeconds: numberAt(webhook, 'timeoutSeconds') ?? 10,
    reinvocable: stringAt(webhook, 'reinvocationPolicy') === 'IfNeeded',
    reviewVersion: versions.find((version): version is 'v1' | 'v1beta1' => version === 'v1' || version === 'v1beta1'),
    conditions: conditions.length === 0 ? undefined : compileMatchConditions(conditions, compiler),
  };
}

function targetOf(clientConfig: JsonObject | undefined): WebhookTarget {
  const service = objectAt(clientConfig, 'service');
  if (service === undefined) {
    return { kind: 'url', url: stringAt(clientConfig, 'url') };
  }
  const path = memberAt(service, 'path');
  return {
    kind: 'service',
    namespace: stringAt(service, 'namespace'),
    name: stringAt(service, 'name'),
    port: numberAt(service, 'port') ?? 443,
    path: typeof path === 'string' ? path : '',
  };
}

/** Reads a `RuleWithOperations`. */
export function ruleOf(rule: JsonObject): WebhookRule {
  return {
    operations: stringsAt(rule, 'operations'),
    apiGroups: stringsAt(rule, 'apiGroups'),
    apiVersions: stringsAt(rule, 'apiVersions'),
    resources: stringsAt(rule, 'resources'),
    resourceNames: stringsAt(rule, 'resourceNames'),
    scope: stringAt(rule, 'scope') || '*',
  };
}
