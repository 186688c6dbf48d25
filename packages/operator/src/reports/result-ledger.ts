import { type CompiledPolicy, type Decision, type Phase, policyId, type ResourceRef } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { PolicyReportResult } from '@vouchsafe/engine/report';
import { contentName, rulesInDoubt } from './in-doubt.ts';
import { createSharedFindings, type Found, saysTheSame } from './shared-findings.ts';

export interface LedgerEntry {
  readonly resource: ResourceRef & { readonly uid: string };
  /** Sorted by policy and rule. */
  readonly results: readonly PolicyReportResult[];
}

/**
 * What is known about the resources of the cluster: the last result of each rule for each resource, by uid. Reports are
 * written from it; a result that says the same again changes nothing, so that quiet clusters cause no writes.
 */
export interface ResultLedger {
  /**
   * Takes the decisions about one resource, with the policies by `policyId`. Without uid (a create not yet stored) nothing is
   * kept. A result about images that is in doubt does not replace what was found about the same images before: `object` tells whether they are the same.
   */
  record(
    resource: ResourceRef,
    decisions: readonly Decision[],
    policies: ReadonlyMap<string, CompiledPolicy>,
    now: number,
    object?: JsonObject,
  ): void;
  forget(uid: string): void;
  /** Drops the results of policies or rules that are gone. */
  retain(policies: ReadonlyMap<string, CompiledPolicy>): void;
  /** The entries that changed since the last call; those without results are to be deleted. */
  takeChanged(): readonly LedgerEntry[];
  /** Puts an entry back among the changed, when writing it failed. */
  retry(uid: string): void;
  entry(uid: string): LedgerEntry | undefined;
  readonly size: number;
}

interface Entry {
  readonly resource: LedgerEntry['resource'];
  /** By policy and rule; many resources have the same list. */
  results: readonly Found[];
  /** What the object was when its images were last looked at. */
  content?: string;
}

/** Resources remembered at most; beyond it the oldest go, as their reports stay in the cluster. */
const MAX_ENTRIES = 200_000;

export function createResultLedger(maxEntries = MAX_ENTRIES): ResultLedger {
  const entries = new Map<string, Entry>();
  const changed = new Set<string>();
  const shared = createSharedFindings();

  function toEntry(uid: string): LedgerEntry | undefined {
    const entry = entries.get(uid);
    return entry && { resource: entry.resource, results: entry.results.map(toResult) };
  }

  function createEntry(resource: LedgerEntry['resource']): Entry {
    const { apiVersion, kind, namespace } = resource;
    const known = { apiVersion: shared.text(apiVersion), kind: shared.text(kind), namespace: shared.text(namespace) };
    return { resource: { ...resource, ...known }, results: [] };
  }

  return {
    get size() {
      return entries.size;
    },
    record(resource, decisions, policies, now, object) {
      const { uid } = resource;
      if (uid === undefined) return;
      const entry = entries.get(uid) ?? createEntry({ ...resource, uid });
      let isChanged = false;
      const content = object && decisions.some(verifiesImages) ? contentName(object) : undefined;
      const isSameObject = content !== undefined && content === entry.content;
      if (content !== undefined) entry.content = content;
      const byOwner = groupByOwner(entry.results);
      for (const decision of decisions) {
        const owner = policyId(decision.policy);
        const compiled = policies.get(owner);
        if (!compiled) continue;
        const before = byOwner.get(owner) ?? [];
        const doubtful = rulesInDoubt(decision);
        const mayStay = (rule: string) => doubtful.has(rule) && (isSameObject || doubtful.get(rule) === 'same-images');
        // A doubt of a policy in CEL has another name than what it is a doubt of.
        if (isInCel(compiled) && before.length > 0 && [...doubtful.keys()].some(mayStay)) continue;
        const found = shared.of(compiled, decision, now);
        const results = replaceResults(before, found, mayStay, ruleFilter(compiled, decision));
        if (results === before) continue;
        byOwner.set(owner, results);
        isChanged = true;
      }
      if (!isChanged) return;
      entry.results = shared.list([...byOwner.values()].flat());
      entries.delete(uid);
      entries.set(uid, entry);
      changed.add(uid);
      evictOldest(entries, changed, maxEntries);
    },
    forget(uid) {
      entries.delete(uid);
      changed.delete(uid);
    },
    retain(policies) {
      const isKept = ({ finding: { owner, said } }: Found): boolean => {
        const policy = policies.get(owner);
        return policy !== undefined && (isInCel(policy) || policy.rules.some(({ name }) => name === said.rule));
      };
      for (const [uid, entry] of entries) {
        if (entry.results.every(isKept)) continue;
        entry.results = shared.list(entry.results.filter(isKept));
        changed.add(uid);
      }
    },
    takeChanged() {
      const taken = [...changed].flatMap((uid) => toEntry(uid) ?? []);
      changed.clear();
      return taken;
    },
    retry: (uid) => void (entries.has(uid) && changed.add(uid)),
    entry: toEntry,
  };
}

function groupByOwner(found: readonly Found[]): Map<string, readonly Found[]> {
  const groups = new Map<string, Found[]>();
  for (const one of found) {
    const { owner } = one.finding;
    const group = groups.get(owner);
    if (group) group.push(one);
    else groups.set(owner, [one]);
  }
  return groups;
}

/** Whose results are named after what happened rather than after a rule: `evaluation`, `exception`. */
function isInCel({ ref }: CompiledPolicy): boolean {
  return !ref.apiVersion.startsWith('kyverno.io/');
}

function verifiesImages({ results }: Decision): boolean {
  return results.some(({ type }) => type === 'ImageVerify');
}

/**
 * Which rules of the policy a decision says something of: those that mutate, those that act in the background and all
 * others are decided apart.
 */
function ruleFilter(policy: CompiledPolicy, { phase }: Decision): RuleFilter {
  if (isInCel(policy)) return everyRule;
  const known = ruleFilters.get(policy) ?? new Map<Phase, RuleFilter>();
  ruleFilters.set(policy, known);
  let filter = known.get(phase);
  if (!filter) {
    const group = groupOf(new Set([phase]));
    const others = new Set(policy.rules.filter(({ phases }) => groupOf(phases) !== group).map(({ name }) => name));
    filter = (rule) => !others.has(rule);
    known.set(phase, filter);
  }
  return filter;
}

type RuleFilter = (rule: string) => boolean;

const everyRule: RuleFilter = () => true;

/** The same for all decisions of a policy in a phase. */
const ruleFilters = new WeakMap<CompiledPolicy, Map<Phase, RuleFilter>>();

/** A rule that mutates existing objects has both phases, and acts in the background. */
function groupOf(phases: ReadonlySet<Phase>): Phase {
  return phases.has('generate') ? 'generate' : phases.has('mutate') ? 'mutate' : 'validate';
}

/**
 * The results of one policy with those of the rules it was asked about replaced as a whole: a rule that no longer matches has
 * none. The same list when nothing changed; the time a result was found at is no news.
 */
function replaceResults(
  before: readonly Found[],
  found: readonly Found[],
  mayStay: (rule: string) => boolean,
  isAbout: RuleFilter,
): readonly Found[] {
  if (before.length === 0) {
    const first = found.filter(({ finding }) => isAbout(finding.said.rule));
    return first.length === 0 ? before : first;
  }
  const known = new Map(before.map((one) => [one.finding.said.rule, one]));
  let isChanged = false;
  const fresh = found.flatMap((one) => {
    const { rule } = one.finding.said;
    if (!isAbout(rule)) return [];
    const old = known.get(rule);
    if (old && (saysTheSame(old.finding, one.finding) || mayStay(rule))) return old;
    isChanged = true;
    return one;
  });
  const others = before.filter(({ finding: { said } }) => !isAbout(said.rule));
  if (!isChanged && fresh.length + others.length === before.length) return before;
  return [...others, ...fresh];
}

function toResult({ finding, timestamp }: Found): PolicyReportResult {
  return { ...finding.said, timestamp };
}

/** First those whose reports are written; when reports lag behind by all there is room for, the next scan finds the rest. */
function evictOldest(entries: Map<string, Entry>, changed: Set<string>, maxEntries: number): void {
  if (entries.size <= maxEntries) return;
  const kept = maxEntries - Math.floor(maxEntries / 100); // a hundredth at once, as looking for them takes time
  for (const isSpared of [(uid: string) => changed.has(uid), () => false]) {
    for (const uid of entries.keys()) {
      if (entries.size <= kept) return;
      if (isSpared(uid)) continue;
      entries.delete(uid);
      changed.delete(uid);
    }
  }
}
