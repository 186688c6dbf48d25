import { type CompiledPolicy, type Decision, policyId, type RuleResult } from '@vouchsafe/engine';
import { mergeReportResults, type PolicyReportResult, toPolicyReportResults } from '@vouchsafe/engine/report';

/** What a result says, but for when: most resources have the same said of them by each policy. */
export interface Finding {
  /** The `policyId` of the policy that found it. */
  readonly owner: string;
  readonly said: Omit<PolicyReportResult, 'timestamp'>;
}

/** A finding and when it was found first. */
export interface Found {
  readonly finding: Finding;
  readonly timestamp: PolicyReportResult['timestamp'];
  /** Tells it from all others. */
  readonly id: number;
}

/** Hands out one object for all that says the same, so that many resources are remembered in little memory. */
export interface SharedFindings {
  /** What a decision of the policy comes to, one for each rule. `now`: milliseconds since the epoch. */
  of(policy: CompiledPolicy, decision: Decision, now: number): readonly Found[];
  /** Findings by policy and rule; one list for the same ones in the same order. */
  list(found: readonly Found[]): readonly Found[];
  /** The same text, as one string. */
  text<Text extends string | undefined>(text: Text): Text;
}

interface Place {
  readonly finding: Finding;
  /** As found in the last second it was. */
  latest: Found;
}

/** Findings and texts at hand; beyond them equal ones are made again. */
const REMEMBERED = 20_000;
/** The same for lists of them, which are new each second. */
const LISTS = 4_096;

export function createSharedFindings(): SharedFindings {
  const places = new Map<string, Place>();
  // Results that pass are the same objects again and again.
  const placesOfResults = new WeakMap<CompiledPolicy, WeakMap<RuleResult, Place>>();
  const lists = new Map<string, readonly Found[]>();
  const texts = new Map<string, string>();
  let second: Found['timestamp'] = { seconds: 0, nanos: 0 };
  let made = 0;

  function foundNow(finding: Finding): Found {
    made += 1;
    return { finding, timestamp: second, id: made };
  }

  function latestOf(place: Place): Found {
    if (place.latest.timestamp !== second) place.latest = foundNow(place.finding);
    return place.latest;
  }

  function placeOf(owner: string, { timestamp: _, ...said }: PolicyReportResult): Place {
    const name = `${owner}|${JSON.stringify(said)}`;
    let place = places.get(name);
    if (!place) {
      if (places.size >= REMEMBERED) places.clear();
      const finding = { owner, said };
      place = { finding, latest: foundNow(finding) };
      places.set(name, place);
    }
    return place;
  }

  /** By the results themselves; undefined when one is new, or when several are about one rule, of which the worst counts. */
  function recall({ results }: Decision, known: WeakMap<RuleResult, Place>): readonly Found[] | undefined {
    const found: Found[] = [];
    for (const result of results) {
      const place = known.get(result);
      if (!place || found.some(({ finding }) => finding.said.rule === result.rule)) return undefined;
      found.push(latestOf(place));
    }
    return found;
  }

  return {
    of(policy, decision, now) {
      const seconds = Math.floor(now / 1000);
      if (second.seconds !== seconds) second = { seconds, nanos: 0 };
      const known = placesOfResults.get(policy) ?? new WeakMap<RuleResult, Place>();
      placesOfResults.set(policy, known);
      const recalled = recall(decision, known);
      if (recalled) return recalled;
      const owner = policyId(decision.policy);
      const merged = mergeReportResults([], toPolicyReportResults([decision], { policyOf: () => policy, now }));
      const found = merged.map((result) => placeOf(owner, result));
      if (found.length === decision.results.length) remember(known, decision, found);
      return found.map(latestOf);
    },
    list(found) {
      const name = found.map(({ id }) => id).join();
      const known = lists.get(name);
      if (known) return known;
      if (lists.size >= LISTS) lists.clear();
      const sorted = found.toSorted(byPolicyAndRule);
      lists.set(name, sorted);
      return sorted;
    },
    text(text) {
      if (text === undefined) return text;
      const known = texts.get(text);
      if (known !== undefined) return known as typeof text; // the very same characters
      if (texts.size >= REMEMBERED) texts.clear();
      texts.set(text, text);
      return text;
    },
  };
}

/** For results of which each is about a rule of its own. */
function remember(known: WeakMap<RuleResult, Place>, { results }: Decision, found: readonly Place[]): void {
  for (const result of results) {
    const place = found.find(({ finding }) => finding.said.rule === result.rule);
    // Others are made for their request.
    if (place && result.status === 'pass') known.set(result, place);
  }
}

/** The same object nearly always; another one that says the same where it was made again. */
export function saysTheSame(a: Finding, b: Finding): boolean {
  return a === b || (a.owner === b.owner && JSON.stringify(a.said) === JSON.stringify(b.said));
}

function byPolicyAndRule({ finding: a }: Found, { finding: b }: Found): number {
  if (a.owner !== b.owner) return a.owner < b.owner ? -1 : 1;
  return a.said.rule < b.said.rule ? -1 : 1;
}
