import type { Json, JsonObject } from '../../kernel/json.ts';
import type { ResourceRef } from '../../model/decision.ts';
import type { PolicyReportResult } from './policy-report-result.ts';

export interface ReportSummary {
  readonly pass: number;
  readonly fail: number;
  readonly warn: number;
  readonly error: number;
  readonly skip: number;
}

/** Whose kinds reports are of; the entries are the same. */
export type ReportGroup = 'wgpolicyk8s.io' | 'openreports.io';

const KINDS = {
  'wgpolicyk8s.io': { version: 'v1alpha2', namespaced: 'PolicyReport', cluster: 'ClusterPolicyReport' },
  'openreports.io': { version: 'v1alpha1', namespaced: 'Report', cluster: 'ClusterReport' },
} as const satisfies Record<ReportGroup, object>;

export function summariseResults(results: readonly PolicyReportResult[]): ReportSummary {
  const summary = { pass: 0, fail: 0, warn: 0, error: 0, skip: 0 };
  for (const { result } of results) summary[result] += 1;
  return summary;
}

/**
 * The report about one resource (kyverno-core §1.8.2): named after its UID, owned by it, in its namespace. A resource
 * without namespace, a Namespace too, has a report of the cluster. `undefined` without a UID: it cannot be owned.
 */
export function toPolicyReport(
  resource: ResourceRef,
  results: readonly PolicyReportResult[],
  group: ReportGroup = 'wgpolicyk8s.io',
): JsonObject | undefined {
  const { apiVersion, kind, namespace, name, uid } = resource;
  if (!uid) return undefined;
  const isNamespaced = namespace !== '' && !(kind === 'Namespace' && apiVersion === 'v1');
  const kinds = KINDS[group];
  return {
    apiVersion: `${group}/${kinds.version}`,
    kind: isNamespaced ? kinds.namespaced : kinds.cluster,
    metadata: {
      name: uid,
      ...(isNamespaced ? { namespace } : {}),
      labels: { 'app.kubernetes.io/managed-by': 'kyverno' },
      ownerReferences: [{ apiVersion, kind, name, uid }],
    },
    scope: { apiVersion, kind, name, ...(isNamespaced ? { namespace } : {}), uid },
    summary: { ...summariseResults(results) },
    results: results.map(toJson),
  };
}

function toJson(result: PolicyReportResult): Json {
  const { timestamp, properties, ...rest } = result;
  return { ...rest, timestamp: { ...timestamp }, ...(properties ? { properties } : {}) };
}
