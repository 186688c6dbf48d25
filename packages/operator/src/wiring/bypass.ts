import { createBypassJudge, type Decision } from '@vouchsafe/engine';
import type { KubeClient } from '@vouchsafe/kube';
import { BYPASSES_CONFIG_MAP, createBypassLedger } from '../admission/bypass-ledger.ts';
import type { ReviewHandlerOptions, ReviewOutcome } from '../admission/review-handler.ts';
import { NODE_HOST } from '../facts/node-host.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';

/** Heeds `policies.kyverno.io/skip` with `--enablePolicyBypass`; `undefined` without. */
export function createBypass(
  client: KubeClient,
  { enablePolicyBypass, namespace }: OperatorSettings,
  now: () => number,
): ReviewHandlerOptions['bypass'] {
  if (!enablePolicyBypass) return undefined;
  return {
    judge: createBypassJudge({
      grants: { namespace, name: BYPASSES_CONFIG_MAP },
      hash: (text) => NODE_HOST.hash('sha256', text),
    }),
    ledger: createBypassLedger({ client, namespace, now }),
  };
}

/**
 * The wishes of a request, each once although up to three evaluations meet it: the validating webhook's, the late ones for
 * policies that only audit, and those that a mutating webhook refused, as nobody else will see them.
 */
export function countedBypasses(
  outcome: Pick<ReviewOutcome, 'webhook' | 'late' | 'allowed' | 'decisions'>,
): readonly { readonly decision: Decision; readonly granted: boolean }[] {
  const { webhook, late, allowed, decisions } = outcome;
  return decisions.flatMap((decision) => {
    if (!decision.bypass || decision.results.length === 0) return [];
    const { granted } = decision.bypass;
    const isFinal = webhook === 'validating' || (!allowed && !granted);
    const isRepeated = late && decision.results.some(({ type }) => type === 'ImageVerify');
    return isFinal && !isRepeated ? [{ decision, granted }] : [];
  });
}
