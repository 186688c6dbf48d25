import type { Activation } from '@vouchsafe/cel';
import { createFactHost } from '../../lang/cel/fact-host.ts';
import type { CompiledRule, Phase, RuleInput, RuleOutcome } from '../../model/compiled-policy.ts';
import type { FailureAction, RuleResult } from '../../model/decision.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import type { PolicyCompilation } from '../policy-kind.ts';
import type { ImageValidatingParts } from './compile-parts.ts';
import { judge, settleEarly, type Verdict } from './judge.ts';
import { pinDigests } from './pin-digests.ts';
import { withPullSecrets } from './pod-spec.ts';

/** How a rule tells what it is about, and what its expressions see of it. */
export interface RuleSubject {
  /** What a trace calls it. */
  readonly about: string;
  /** Made by autogen: a trace does not tell that it is about something else. */
  readonly isVariant?: boolean;
  readonly phases: ReadonlySet<Phase>;
  readonly matches: (request: EvaluationRequest) => boolean;
  readonly activation: (input: RuleInput) => Activation;
}

const NOTHING: RuleOutcome = Object.freeze({ results: [], effects: [] });

/** The policy, or a variant of it, as a rule: it pins digests where images are verified, and judges where objects are. */
export function createRule(
  { policy, host }: PolicyCompilation,
  parts: ImageValidatingParts,
  { about, isVariant = false, phases, matches, activation }: RuleSubject,
): CompiledRule {
  const { validationActions } = policy.spec;
  const action: FailureAction = validationActions.includes('Deny') ? 'Enforce' : 'Audit';
  const told = validationActions.includes('Warn') ? { emitWarning: true } : {};
  const { name } = policy.ref;
  const createHost = (input: RuleInput) =>
    createFactHost(input, { policy: policy.ref, host, access: withPullSecrets(parts.access, input) });
  const toResult = (verdict: Verdict): RuleResult => ({ rule: name, type: 'ImageVerify', action, ...told, ...verdict });

  function pin(input: RuleInput): RuleOutcome {
    const celHost = createHost(input);
    const early = settleEarly(parts, { activation: activation(input), host: celHost }, input.request.now);
    // What is wrong with conditions is told when the object is judged.
    if (early !== 'on' || input.request.resource === undefined) return NOTHING;
    const { resource, operations, problems } = pinDigests(parts, input, { host, celHost });
    const message = `failed to update digest: ${problems.join('; ')}`;
    return {
      results: problems.length === 0 ? [] : [toResult({ status: 'error', rule: 'mutateDigest', message })],
      effects: operations.length === 0 ? [] : [{ kind: 'patch', operations }],
      ...(operations.length === 0 ? {} : { resource }),
    };
  }

  return Object.freeze({
    name,
    type: 'ImageVerify',
    phases,
    action: () => action,
    evaluate: (input: RuleInput): RuleOutcome => {
      const isMatched = matches(input.request);
      if (isMatched || !isVariant) {
        input.trace?.({ rule: name, step: 'match', outcome: isMatched ? 'yes' : 'no', detail: about });
      }
      if (!isMatched) return NOTHING;
      if (input.bypassed !== undefined) {
        return { results: [toResult({ status: 'skip', message: input.bypassed, emitWarning: true })], effects: [] };
      }
      if (input.phase === 'verify-images') return pin(input);
      const verdict = judge({ name, parts, input, matches, activation, createHost });
      return verdict ? { results: [toResult(verdict)], effects: [] } : NOTHING;
    },
  });
}
