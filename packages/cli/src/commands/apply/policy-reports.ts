import type { Decision } from '@vouchsafe/engine';
import { type PolicyReportResult, summariseResults, toPolicyReportResults } from '@vouchsafe/engine/report';
import type { Finding } from '../../evaluation/finding.ts';
import { toYaml } from '../../output/yaml.ts';

const API_VERSION = 'openreports.io/v1alpha1';

/**
 * Findings as reports: those of cluster policies in one `ClusterReport` named `merged`, those of each namespaced policy in
 * a report of its own. The kind `PolicyReport` beside this apiVersion is upstream's (kyverno-core §5.2).
 */
export function renderReports(findings: readonly Finding[], format: 'yaml' | 'json', now: number): string {
  const clustered = findings.filter(({ policy }) => !policy.namespace);
  const namespaced = Map.groupBy(
    findings.filter(({ policy }) => policy.namespace),
    ({ policy }) => `${policy.namespace}/${policy.name}`,
  );
  const print = (report: object): string => (format === 'json' ? `${JSON.stringify(report)}\n` : `${toYaml(report)}\n`);
  let text = clustered.length > 0 ? print(toReport('ClusterReport', { name: 'merged' }, clustered, now)) : '';
  for (const own of namespaced.values()) {
    const { name = '', namespace = '' } = own[0]?.policy ?? {};
    text += `---\n${print(toReport('PolicyReport', { name, namespace }, own, now))}`;
  }
  return text;
}

function toReport(kind: string, metadata: object, findings: readonly Finding[], now: number): object {
  const entries = findings.map((finding) => ({ finding, result: toResult(finding, now) }));
  return {
    apiVersion: API_VERSION,
    kind,
    metadata,
    results: entries.map(({ finding, result }) => ({ ...result, subjects: [toSubject(finding)] })),
    summary: summariseResults(entries.map(({ result }) => result)),
  };
}

function toSubject({ resource }: Finding): object {
  return Object.fromEntries(Object.entries(resource).filter(([, value]) => value !== ''));
}

/** The entry a report in the cluster would hold, with the status of the finding. */
function toResult(finding: Finding, now: number): PolicyReportResult {
  const { policy, resource, result, status, annotations, background, admission } = finding;
  const decision: Decision = {
    policy,
    phase: 'validate',
    standing: 'audit',
    resource,
    failurePolicy: 'Fail',
    results: [result],
    effects: [],
  };
  const [entry] = toPolicyReportResults([decision], { policyOf: () => ({ annotations, background, admission }), now });
  if (!entry) throw new Error('a decision with one result has one entry');
  return { ...entry, result: status };
}
