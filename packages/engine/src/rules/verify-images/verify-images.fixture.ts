import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import { FactTable, Need } from '../../facts/fact-table.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { createScope } from '../../lang/variables/create-scope.ts';
import type { Phase } from '../../model/compiled-policy.ts';
import { requestOf } from '../../model/request.fixture.ts';
import { inputOf, policyOfRule } from '../rule.fixture.ts';
import type { RuleBodyOutcome } from '../rule-kind.ts';
import { verifyImageRules } from './verify-images.ts';

/** The digests of two images. */
export const A = `sha256:${'a'.repeat(64)}`;
export const B = `sha256:${'b'.repeat(64)}`;
export const KEYS: JsonObject = { attestors: [{ entries: [{ keys: { publicKeys: 'KEY' } }] }] };

export interface Run {
  readonly entries: readonly JsonObject[];
  readonly resource: JsonObject;
  readonly old?: JsonObject;
  /** Whether the rule was about the old object; true unless told. */
  readonly matchedBefore?: boolean;
  readonly subresource?: string;
  readonly facts?: (request: FactRequest) => Fact<Json> | undefined;
  readonly phase?: Phase;
  readonly extractors?: JsonObject;
}

export interface Ran {
  readonly outcomes: readonly RuleBodyOutcome[];
  readonly asked: readonly FactRequest[];
}

/** Evaluates a rule of these entries in rounds, as the driver does. */
export function run({
  entries,
  resource,
  old,
  matchedBefore = true,
  subresource = '',
  facts,
  phase = 'verify-images',
  extractors,
}: Run): Ran {
  const { policy, rule } = policyOfRule({
    rule: { verifyImages: entries, ...(extractors ? { imageExtractors: extractors } : {}) },
  });
  const body = verifyImageRules.compile({ policy, rule, host: STILL_HOST, report: () => {} });
  const request = requestOf(resource, {
    operation: old ? 'UPDATE' : 'CREATE',
    kind: { group: '', version: 'v1', kind: String(resource['kind'] ?? 'Pod') },
    subresource,
    namespace: 'default',
    oldResource: old,
  });
  const table = new FactTable();
  const asked: FactRequest[] = [];
  for (let round = 0; round < 5; round += 1) {
    const input = inputOf(request, { phase, facts: table });
    const applies = body.applies?.(input) ?? true;
    if (applies === false) return { outcomes: [], asked };
    if (applies !== true) return { outcomes: [applies], asked };
    try {
      const scope = createScope(input, { host: STILL_HOST });
      const outcome = body.evaluate({ input, scope, action: 'Enforce', matchesOldObject: () => matchedBefore });
      return {
        outcomes: outcome === undefined ? [] : Array.isArray(outcome) ? outcome : [outcome as RuleBodyOutcome],
        asked,
      };
    } catch (error) {
      if (!(error instanceof Need)) throw error;
      for (const need of table.takeNeeds()) {
        asked.push(need);
        table.add(need, facts?.(need) ?? { ok: false, class: 'unavailable', message: 'nobody answers' });
      }
    }
  }
  throw new Error('too many rounds');
}

export function pod(...images: readonly string[]): JsonObject {
  const containers = images.map((image, at) => ({ name: `c${at}`, image }));
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers } };
}

export function verified(digest: string, change: Partial<Record<string, Json>> = {}): Fact<Json> {
  const set = {
    verifiedCount: 1,
    requiredCount: 1,
    entries: [{ path: '.attestors[0].entries[0].keys', verified: true, failures: [] }],
  };
  return { ok: true, value: { digest, verified: true, sets: [set], attestations: [], fromCache: false, ...change } };
}

/** `status reason` of each outcome. */
export function statuses({ outcomes }: Ran): readonly string[] {
  return outcomes.map(({ status, reason }) => (reason ? `${status} ${reason}` : status));
}

/** The images of its containers. */
export function imageOf(resource: JsonObject | undefined): unknown {
  const spec = resource?.['spec'] as { containers?: readonly { image?: string }[] } | undefined;
  return spec?.containers?.map(({ image }) => image);
}
