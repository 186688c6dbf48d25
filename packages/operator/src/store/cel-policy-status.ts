import type { Diagnostic, JsonObject } from '@vouchsafe/engine/kernel';
import { isEqualJson, memberAt } from '@vouchsafe/engine/kernel';
import { type GenerationState, NOT_GENERATED } from './generation-state.ts';

/** What there is to tell of a policy in CEL. */
export interface CelPolicyFacts {
  /** `undefined` when it compiles. */
  readonly problem: string | undefined;
  /** Whether the webhooks call for it; `undefined` when they are not to: it is only scanned. */
  readonly isServed: boolean | undefined;
  /** Why scans cannot read what it is about, one text each; `undefined` when it is not scanned. */
  readonly missing: readonly string[] | undefined;
  /** `status.autogen.configs`. */
  readonly autogen: JsonObject | undefined;
  /** Whether the API server judges by a policy made of it. */
  readonly generation?: GenerationState;
}

type Condition = readonly [type: string, isTrue: boolean, message: string];

/**
 * The `status` of a policy of policies.kyverno.io (kyverno-cel §1.9); ready when all of its conditions are true.
 * `undefined` when the stored one already says so.
 */
export function computeCelPolicyStatus(document: JsonObject, facts: CelPolicyFacts, now: Date): JsonObject | undefined {
  const { generation = NOT_GENERATED } = facts;
  const before = memberAt(document, 'status');
  const known = memberAt(before, 'conditionStatus', 'conditions');
  const stored = Array.isArray(known) ? known : [];
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  const conditions = toConditions(facts).map(([type, isTrue, message]): JsonObject => {
    const condition = { type, status: isTrue ? 'True' : 'False', reason: isTrue ? 'Succeeded' : 'Failed', message };
    const same = stored.find((item) =>
      Object.entries(condition).every(([key, value]) => memberAt(item, key) === value),
    );
    return { ...condition, lastTransitionTime: memberAt(same, 'lastTransitionTime') ?? time };
  });
  const ready = conditions.every((condition) => condition['status'] === 'True');
  const status: JsonObject = {
    conditionStatus: { ready, message: facts.problem ?? generation.message, conditions },
    ...(facts.autogen ? { autogen: { configs: facts.autogen } } : {}),
    generated: generation.generated,
  };
  return isSame(before, status) ? undefined : status;
}

function toConditions({ problem, isServed, missing }: CelPolicyFacts): readonly Condition[] {
  const conditions: Condition[] = [];
  if (isServed !== undefined) {
    const message = isServed ? 'Webhook configured.' : 'Policy is not configured in the webhook.';
    conditions.push(['WebhookConfigured', isServed, message]);
  }
  if (problem !== undefined) conditions.push(['PolicyCached', false, problem]);
  if (missing === undefined) {
    const message = 'Background scanning disabled; reporting permissions not required.';
    return [...conditions, ['RBACPermissionsGranted', true, message]];
  }
  const lacks = `Policy is not ready for reporting, missing permissions: ${missing.join('; ')}.`;
  const granted = missing.length === 0;
  return [...conditions, ['RBACPermissionsGranted', granted, granted ? 'Policy is ready for reporting.' : lacks]];
}

/** The API server drops a false `generated` and an empty message from what it shows. */
function isSame(before: ReturnType<typeof memberAt>, wanted: JsonObject): boolean {
  const part = (status: typeof before, ...path: readonly string[]) => memberAt(status, ...path) ?? null;
  return (
    isEqualJson(part(before, 'conditionStatus', 'conditions'), part(wanted, 'conditionStatus', 'conditions')) &&
    isEqualJson(part(before, 'autogen'), part(wanted, 'autogen')) &&
    (part(before, 'generated') ?? false) === part(wanted, 'generated') &&
    (part(before, 'conditionStatus', 'message') ?? '') === part(wanted, 'conditionStatus', 'message')
  );
}

/** Problems of a policy in one text, within bounds. */
export function describeProblems(diagnostics: readonly Diagnostic[], most: number): string {
  const shown = diagnostics.slice(0, most).map(({ path, message }) => (path ? `${path}: ${message}` : message));
  return [...shown, ...(diagnostics.length > most ? [`and ${diagnostics.length - most} more`] : [])].join('; ');
}
