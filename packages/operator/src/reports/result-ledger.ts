import { type CompiledPolicy, type Decision, type Phase, policyId, type ResourceRef } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { mergeReportResults, type PolicyReportResult, toPolicyReportResults } from '@vouchsafe/engine/report';
import { contentName, rulesInDoubt } from './in-doubt.ts';
import { createSharedFindings, type Finding, saysTheSame } from './shared-findings.ts';

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
  readonly results: Map<string, Found>;
  /** What the object was when its images were last looked at. */
  content?: string;
}

interface Found {
  readonly finding: Finding;
  readonly timestamp: PolicyReportResult['timestamp'];
}

/** Resources remembered at most; beyond it the oldest go, as their reports stay in the cluster. */
const MAX_ENTRIES = 200_000;

export function createResultLedger(maxEntries = MAX_ENTRIES): ResultLedger {
  const entries = new Map<string, Entry>();
  const changed = new Set<string>();
  const shared = createSharedFindings();

  function toEntry(uid: string): LedgerEntry | undefined {
    const entry = entries.get(uid);
    return entry && { resource: entry.resource, results: [...entry.results].sort(byKey).map(toResult) };
  }

  function createEntry(resource: LedgerEntry['resource']): Entry {
    const { apiVersion, kind, namespace } = resource;
    const known = { apiVersion: shared.text(apiVersion), kind: shared.text(kind), namespace: shared.text(namespace) };
    return { resource: { ...resource, ...known }, results: new Map() };
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
      for (const decision of decisions) {
        const compiled = policies.get(policyId(decision.policy));
        if (!compiled) continue;
        const found = mergeReportResults([], toPolicyReportResults([decision], { policyOf: () => compiled, now }));
        const doubtful = rulesInDoubt(decision);
        const mayStay = (rule: string) => doubtful.has(rule) && (isSameObject || doubtful.get(rule) === 'same-images');
        const owner = policyId(decision.policy);
        // A doubt of a policy in CEL has another name than what it is a doubt of.
        const isHeldBack = isInCel(compiled) && [...doubtful.keys()].some(mayStay) && hasResults(entry.results, owner);
        if (isHeldBack) continue;
        const isAbout = ruleFilter(compiled, decision);
        const news = found
          .filter(({ rule }) => isAbout(rule))
          .map((result) => ({ finding: shared.of(owner, result), timestamp: result.timestamp }));
        if (replaceResults(entry.results, owner, news, mayStay, isAbout)) isChanged = true;
      }
      if (!isChanged) return;
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
      for (const [uid, { results }] of entries) {
        for (const [key, { finding }] of results) {
          const policy = policies.get(ownerOf(key));
          if (policy && (isInCel(policy) || policy.rules.some(({ name }) => name === finding.said.rule))) continue;
          results.delete(key);
          changed.add(uid);
        }
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

/** `policyId|rule` is the key of a result; names of policies hold no `|`. */
function ownerOf(key: string): string {
  return key.slice(0, key.indexOf('|'));
}

/** Whose results are named after what happened rather than after a rule: `evaluation`, `exception`. */
function isInCel({ ref }: CompiledPolicy): boolean {
  return !ref.apiVersion.startsWith('kyverno.io/');
}

function hasResults(results: Entry['results'], owner: string): boolean {
  return [...results.keys()].some((key) => ownerOf(key) === owner);
}

function verifiesImages({ results }: Decision): boolean {
  return results.some(({ type }) => type === 'ImageVerify');
}

/**
 * Which rules of the policy a decision says something of: those that mutate, those that act in the background and all
 * others are decided apart.
 */
function ruleFilter(policy: CompiledPolicy, { phase }: Decision): (rule: string) => boolean {
  if (isInCel(policy)) return () => true;
  const group = groupOf(new Set([phase]));
  const known = rulesApart.get(policy) ?? new Map<Phase, ReadonlySet<string>>();
  rulesApart.set(policy, known);
  const others =
    known.get(group) ?? new Set(policy.rules.filter(({ phases }) => groupOf(phases) !== group).map(({ name }) => name));
  known.set(group, others);
  return (rule) => !others.has(rule);
}

/** By the group that a decision is about, the rules of the others: the same for all decisions of a policy. */
const rulesApart = new WeakMap<CompiledPolicy, Map<Phase, ReadonlySet<string>>>();

function groupOf(phases: ReadonlySet<Phase>): Phase {
  return phases.has('mutate') ? 'mutate' : phases.has('generate') ? 'generate' : 'validate';
}

/** The results of these rules of one policy are replaced as a whole: a rule that no longer matches has none. */
function replaceResults(
  known: Map<string, Found>,
  policy: string,
  found: readonly Found[],
  mayStay: (rule: string) => boolean,
  isAbout: (rule: string) => boolean,
): boolean {
  const kept = new Set<string>();
  let isChanged = false;
  for (const result of found) {
    const { key, said } = result.finding;
    kept.add(key);
    const before = known.get(key);
    // The time a result was found at is no news.
    if (before && (saysTheSame(before.finding, result.finding) || mayStay(said.rule))) continue;
    known.set(key, result);
    isChanged = true;
  }
  for (const [key, { finding }] of known) {
    if (ownerOf(key) !== policy || kept.has(key) || !isAbout(finding.said.rule)) continue;
    known.delete(key);
    isChanged = true;
  }
  return isChanged;
}

function toResult([, { finding, timestamp }]: readonly [string, Found]): PolicyReportResult {
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

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
