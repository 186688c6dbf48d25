import type { JsonObject } from '@vouchsafe/engine/kernel';
import { BOOTSTRAP_RESOURCES } from '../store/bootstrap-resources.ts';
import { coversResource, type WebhookRule } from './webhook-rules.ts';

function reachedBootstrap(rules: readonly WebhookRule[]) {
  return BOOTSTRAP_RESOURCES.filter(({ group, resource }) =>
    rules.some((rule) => coversResource(rule, group, resource)),
  );
}

/** The part of the Fail rules that is about bootstrap resources, to be called `Ignore` instead. */
export function bootstrapRules(rules: readonly WebhookRule[]): readonly WebhookRule[] {
  return reachedBootstrap(rules).map(({ group, resource }) => ({
    apiGroups: [group],
    apiVersions: ['*'],
    resources: [resource],
    operations: [
      ...new Set(rules.filter((rule) => coversResource(rule, group, resource)).flatMap(({ operations }) => operations)),
    ],
    scope: '*',
  }));
}

/** Conditions that keep a Fail webhook from being called for them. */
export function bootstrapConditions(rules: readonly WebhookRule[]): readonly JsonObject[] {
  const reached = reachedBootstrap(rules);
  if (reached.length === 0) return [];
  const terms = reached.map(
    ({ group, resource }) => `(request.resource.group == '${group}' && request.resource.resource == '${resource}')`,
  );
  return [{ name: 'kyverno-exclude-bootstrap-resources', expression: `!(${terms.join(' || ')})` }];
}
