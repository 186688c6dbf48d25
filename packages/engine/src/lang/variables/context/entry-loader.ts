import type { FactTable } from '../../../facts/fact-table.ts';
import type { EvaluationError } from '../../../kernel/evaluation-error.ts';
import type { Json, JsonObject } from '../../../kernel/json.ts';
import type { PolicyRef } from '../../../model/decision.ts';
import type { TemplateTools } from '../compile-template.ts';
import type { Scope } from '../scope.ts';

/** What a kind of context entry is compiled from. */
export interface EntryCompilation {
  readonly name: string;
  /** The entry's own block: the value of `variable`, `configMap`, … */
  readonly block: JsonObject;
  readonly policy: PolicyRef;
  readonly tools: TemplateTools;
}

/** Loads the value of one entry. `scope` holds the earlier entries only. May throw `Need`. */
export interface EntryLoader {
  /** It takes the place of an existing variable; other entries merge into it. */
  readonly replaces: boolean;
  readonly load: (scope: Scope, facts: FactTable) => Json | EvaluationError;
}

/** Policies of kind Policy may only reach into their own namespace. */
export function namespaceOfPolicy(policy: PolicyRef): string {
  return policy.namespace ?? '';
}
