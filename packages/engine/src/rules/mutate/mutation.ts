import type { FactTable } from '../../facts/fact-table.ts';
import type { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import type { Scope } from '../../lang/variables/scope.ts';

/** What a mutation made of a resource. `skip` leaves it as it is. */
export type MutationOutcome =
  | { readonly status: 'pass'; readonly resource: JsonObject }
  | { readonly status: 'skip'; readonly message: string }
  | { readonly status: 'error'; readonly message: string };

/** Pure and synchronous; throws only `Need`. */
export type Mutation = (resource: JsonObject, scope: Scope, facts: FactTable) => MutationOutcome;

export function failed(message: string, cause?: EvaluationError): MutationOutcome {
  return { status: 'error', message: cause ? `${message}: ${cause.message}` : message };
}

export const NOTHING_APPLIED: MutationOutcome = Object.freeze({ status: 'skip', message: 'no patches applied' });

/** Kyverno's message of a mutation that changed something. */
export function mutatedMessage(resource: JsonObject): string {
  const metadata = objectOf(resource['metadata']);
  const name = `mutated ${textOf(resource['kind'])}/${textOf(metadata['name'])}`;
  const namespace = textOf(metadata['namespace']);
  return namespace === '' ? name : `${name} in namespace ${namespace}`;
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
