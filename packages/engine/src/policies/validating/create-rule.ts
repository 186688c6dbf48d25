import type { Activation } from '@vouchsafe/cel';
import { traceExpressions } from '../../lang/cel/expression-trace.ts';
import { createFactHost } from '../../lang/cel/fact-host.ts';
import type { PolicyScope } from '../../lang/cel/policy-language.ts';
import type { CompiledRule, Phase, RuleInput, RuleOutcome } from '../../model/compiled-policy.ts';
import type { FailureAction } from '../../model/decision.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import type { PolicyCompilation } from '../policy-kind.ts';
import { judge, PASSED, type ValidatingParts, type Verdict } from './judge.ts';

export const PHASES: ReadonlySet<Phase> = new Set(['validate']);

/** How a rule tells what it is about, and what its expressions see of it. */
export interface RuleSubject {
  /** What a trace calls it. */
  readonly about: string;
  /** Made by autogen: a trace does not tell that it is about something else. */
  readonly isVariant?: boolean;
  readonly matches: (request: EvaluationRequest) => boolean;
  /** It tells by the shape of a request alone (`toShape`). */
  readonly isOfShape?: boolean;
  readonly activation: (input: RuleInput) => Activation;
}

const NOT_MATCHED: RuleOutcome = Object.freeze({ results: [], effects: [] });

/** The policy, or a variant of it, as a rule. */
export function createRule(
  { policy, host }: PolicyCompilation,
  parts: ValidatingParts,
  { about, isVariant = false, matches, isOfShape = false, activation }: RuleSubject,
): CompiledRule {
  const { validationActions } = policy.spec;
  const action: FailureAction = validationActions.includes('Deny') ? 'Enforce' : 'Audit';
  const told = validationActions.includes('Warn') ? { emitWarning: true } : {};
  const hostOptions = { policy: policy.ref, host };
  const settle = (verdict: Verdict): RuleOutcome => ({
    results: [{ rule: '', type: 'Validation', action, ...told, ...verdict }],
    effects: [],
  });
  // What mostly happens is always the same, and made once.
  const passed = Object.freeze(settle(PASSED));
  const evaluate = (input: RuleInput): RuleOutcome => {
    const bare: PolicyScope = { activation: activation(input), host: createFactHost(input, hostOptions) };
    const { now } = input.request;
    const verdict = input.trace
      ? traceExpressions(bare, '', input.trace, (scope) => judge(parts, scope, now))
      : judge(parts, bare, now);
    return verdict === PASSED ? passed : settle(verdict);
  };
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
      return isMatched ? evaluate(input) : NOT_MATCHED;
    },
    ...(isOfShape ? { ofShape: { matches, evaluate } } : {}),
  });
}
