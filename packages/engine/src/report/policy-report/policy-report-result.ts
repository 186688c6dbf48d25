import type { Decision, PolicyRef, RuleResult } from '../../model/decision.ts';
import { policyKey } from '../../model/decision.ts';
import { reportProcess, reportSource } from './report-source.ts';

/** One entry of `results` of a PolicyReport, wgpolicyk8s.io/v1alpha2 (kyverno-core §1.8.2). */
export interface PolicyReportResult {
  readonly source: string;
  readonly policy: string;
  readonly rule: string;
  readonly result: 'pass' | 'fail' | 'warn' | 'error' | 'skip';
  readonly message: string;
  readonly scored: boolean;
  readonly category?: string;
  readonly severity?: Severity;
  readonly timestamp: { readonly seconds: number; readonly nanos: 0 };
  readonly properties?: Readonly<Record<string, string>>;
}

type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';

/** What a report says about a policy beyond its decisions; every CompiledPolicy is one. */
export interface ReportedPolicy {
  readonly annotations: Readonly<Record<string, string>>;
  readonly background: boolean;
  readonly admission: boolean;
}

export interface ReportOptions {
  /** Undefined: the policy is gone, and its results with it. */
  readonly policyOf: (ref: PolicyRef) => ReportedPolicy | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The entries for decisions about one resource, in order. */
export function toPolicyReportResults(decisions: readonly Decision[], options: ReportOptions): PolicyReportResult[] {
  return decisions.flatMap((decision) => {
    const policy = options.policyOf(decision.policy);
    if (!policy) return [];
    return decision.results.map((result) => toEntry(decision.policy, policy, result, options.now));
  });
}

const ANNOTATION = 'policies.kyverno.io/';

function toEntry(ref: PolicyRef, policy: ReportedPolicy, result: RuleResult, now: number): PolicyReportResult {
  const scored = policy.annotations[`${ANNOTATION}scored`] !== 'false';
  const category = policy.annotations[`${ANNOTATION}category`];
  const severity = policy.annotations[`${ANNOTATION}severity`];
  const properties = toProperties(ref, policy, result);
  return {
    source: reportSource(ref),
    policy: policyKey(ref),
    rule: result.rule,
    result: result.status === 'fail' && !scored ? 'warn' : result.status,
    message: toMessage(result),
    scored,
    ...(category ? { category } : {}),
    ...(isSeverity(severity) ? { severity } : {}),
    timestamp: { seconds: Math.floor(now / 1000), nanos: 0 },
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
  };
}

function isSeverity(text: string | undefined): text is Severity {
  return text === 'critical' || text === 'high' || text === 'medium' || text === 'low' || text === 'info';
}

/** `reportProperties` may replace the message: the one for the status, then `message`. */
function toMessage({ message, status, properties }: RuleResult): string {
  return properties?.['message'] ?? properties?.[`${status}Message`] ?? message;
}

function toProperties(
  ref: PolicyRef,
  policy: ReportedPolicy,
  { type, reason, properties, exceptions }: RuleResult,
): Record<string, string> {
  const process = reportProcess(ref, policy);
  return {
    ...(type === 'ImageVerify' && reason ? { reason } : {}),
    ...properties,
    ...(exceptions && exceptions.length > 0 ? { exceptions: exceptions.map(nameOf).join(',') } : {}),
    ...(process === undefined ? {} : { process }),
  };
}

/** The name of an exception's key `namespace/name`. */
function nameOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
