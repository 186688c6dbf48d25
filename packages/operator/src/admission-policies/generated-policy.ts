import type { JsonObject } from '@vouchsafe/engine/kernel';

/** What becomes of a policy that may be served by the API server itself: the two objects, or why not. */
export type GenerationPlan =
  | { readonly policy: GeneratedSpec; readonly binding: GeneratedSpec }
  /** Kyverno's words; shown in the status. */
  | { readonly skip: string };

export interface GeneratedSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: JsonObject;
}

export const MANAGED_BY_KYVERNO: Readonly<Record<string, string>> = { 'app.kubernetes.io/managed-by': 'kyverno' };
const NO_REPORTS = 'reports.kyverno.io/disabled';

/** The labels of a generated policy: that of its own whose objects are not reported says so, too. */
export function generatedLabels(own: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.hasOwn(own, NO_REPORTS) ? { ...MANAGED_BY_KYVERNO, [NO_REPORTS]: 'true' } : MANAGED_BY_KYVERNO;
}
