import type { PolicyReportResult } from './policy-report-result.ts';

/**
 * Joins the results of a report with new ones (kyverno-core §1.8.2): one entry for each source, policy and rule, the
 * later by its time in seconds, on equal times the one seen first. Results that arrive together for one rule (several
 * images) count by the worst of them, where Kyverno takes the first and so may show a pass for a failure.
 */
export function mergeReportResults(
  existing: readonly PolicyReportResult[],
  incoming: readonly PolicyReportResult[],
): PolicyReportResult[] {
  const merged = new Map<string, PolicyReportResult>();
  for (const result of existing) keep(merged, result, (known) => result.timestamp.seconds > known.timestamp.seconds);
  for (const result of worstOfEach(incoming)) {
    keep(merged, result, (known) => result.timestamp.seconds > known.timestamp.seconds);
  }
  return [...merged.values()].sort(compareResults);
}

function keep(
  merged: Map<string, PolicyReportResult>,
  result: PolicyReportResult,
  replaces: (known: PolicyReportResult) => boolean,
): void {
  const key = keyOf(result);
  const known = merged.get(key);
  if (!known || replaces(known)) merged.set(key, result);
}

const RANKS = { skip: 0, pass: 1, warn: 2, error: 3, fail: 4 } as const;

function worstOfEach(results: readonly PolicyReportResult[]): Iterable<PolicyReportResult> {
  const worst = new Map<string, PolicyReportResult>();
  for (const result of results) {
    keep(worst, result, (known) => {
      const later = result.timestamp.seconds - known.timestamp.seconds;
      return later > 0 || (later === 0 && RANKS[result.result] > RANKS[known.result]);
    });
  }
  return worst.values();
}

function keyOf({ source, policy, rule }: PolicyReportResult): string {
  return `${source}\n${policy}\n${rule}`;
}

function compareResults(a: PolicyReportResult, b: PolicyReportResult): number {
  return (
    compareTexts(a.policy, b.policy) ||
    compareTexts(a.rule, b.rule) ||
    compareTexts(a.source, b.source) ||
    a.timestamp.seconds - b.timestamp.seconds
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
