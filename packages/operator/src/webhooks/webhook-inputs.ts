import type { CompiledPolicy } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { AuditOnly } from '../store/registered-failure-policy.ts';
import type { WebhookTarget } from './client-config.ts';
import type { ServedResource } from './webhook-rules.ts';

/** What Kubernetes allows. */
export const MAX_TIMEOUT_SECONDS = 30;

export interface WebhookInputs {
  readonly policies: readonly CompiledPolicy[];
  readonly served: readonly ServedResource[];
  readonly target: WebhookTarget;
  /** PEM. */
  readonly caBundle: string;
  /** Seconds. */
  readonly defaultTimeout: number;
  /** Selectors, conditions, labels and annotations of the ConfigMap. */
  readonly namespaceSelector: JsonObject | undefined;
  readonly objectSelector: JsonObject | undefined;
  readonly matchConditions: readonly JsonObject[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly auditOnly: AuditOnly;
}
