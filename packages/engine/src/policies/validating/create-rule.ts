import type { Activation } from '@vouchsafe/cel';
import { traceExpressions } from '../../lang/cel/expression-trace.ts';
import { createFactHost } from '../../lang/cel/fact-host.ts';
import type { PolicyScope } from '../../lang/cel/policy-language.ts';
import type { CompiledRule, Phase, RuleInput, RuleOutcome } from '../../model/compiled-policy.ts';
import type { FailureAction } from '../../model/decision.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import type { PolicyCompilation } from '../policy-kind.ts';
import { judge, type ValidatingParts } from './judge.ts';

export const PHASES: ReadonlySet<Phase> = new Set(['validate']);

/** How a rule tells what it is about, and what its expressions see of it. */
export interface RuleSubject {
  /** What a trace calls it. */
  readonly about: string;
  /** Made by autogen: a trace does not tell that it is about something else. */
  readonly isVariant?: boolean;
  readonly matches: (request: EvaluationRequest) => boolean;
  readonly activation: (input: RuleInput) => Activation;
}

const NOT_MATCHED: RuleOutcome = Object.freeze({ results: [], effects: [] });

/** The policy, or a variant of it, as a rule. */
export function createRule(
  { policy, host }: PolicyCompilation,
  parts: ValidatingParts,
  { about, isVariant = false, matches, activation }: RuleSubject,
): CompiledRule {
  const { validationActions } = policy.spec;
  const action: FailureAction = validationActions.includes('Deny') ? 'Enforce' : 'Audit';
  const told = validationActions.includes('Warn') ? { emitWarning: true } : {};
  return Object.freeze({
    name: '',
    type: 'Validation',
    phases: PHASES,
    action: () => action,
    evaluate: (input: RuleInput): RuleOutcome => {
      const isMatched = matches(input.request);
      if (isMatched || !isVariant) {
        input.trace?.({ rule: '', step: 'match', outcome: isMatched ? 'yes' : 'no', detail: about });
      }
      if (!isMatched) return NOT_MATCHED;
      if (input.bypassed !== undefined) {
        const result = { rule: '', type: 'Validation', action, status: 'skip', message: input.bypassed } as const;
        return { results: [{ ...result, emitWarning: true }], effects: [] };
      }
      const bare: PolicyScope = {
        activation: activation(input),
        host: createFactHost(input, { policy: policy.ref, host }),
      };
      const verdict = traceExpressions(bare, '', input.trace, (scope) => judge(parts, scope, input.request.now));
      return { results: [{ rule: '', type: 'Validation', action, ...told, ...verdict }], effects: [] };
    },
  });
}
