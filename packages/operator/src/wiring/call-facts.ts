import { combineSources, type FactSource } from '@vouchsafe/engine/facts';
import type { KubeClient } from '@vouchsafe/kube';
import { createClusterFacts } from '../facts/cluster-facts.ts';
import { createHttpFacts } from '../facts/http-facts.ts';
import { createHttpRules } from '../facts/http-rules.ts';
import { createServiceFacts } from '../facts/service-facts.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';

/** Answers from the API server, and from URLs that may be called: the same for expressions and for `apiCall`. */
export function createCallFacts(client: KubeClient, settings: OperatorSettings): FactSource {
  const rules = createHttpRules(settings.http);
  return combineSources([
    createClusterFacts(client),
    createHttpFacts(rules),
    createServiceFacts(rules, { timeoutMs: settings.apiCallTimeoutMs, tokenFile: settings.apiCallTokenFile }),
  ]);
}
