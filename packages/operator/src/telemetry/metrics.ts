import type { CompiledPolicy, Decision, EvaluationRequest, RuleResult, RuleType } from '@vouchsafe/engine';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Kyverno's metrics, under Kyverno's names and labels (kyverno-core §4.9). */
export interface Metrics {
  /** One rule result each, and the time its policy took. */
  recordDecisions(decisions: readonly Decision[], request: EvaluationRequest, context: DecisionContext): void;
  recordAdmission(labels: AdmissionLabels, seconds: number): void;
  recordHttp(method: string, url: string, seconds: number): void;
  recordPolicyChange(policy: CompiledPolicy, change: 'created' | 'updated' | 'deleted'): void;
  recordDroppedEvent(): void;
  setRuleInfo(policies: readonly { readonly policy: CompiledPolicy; readonly ready: boolean }[]): void;
  /** Prometheus text. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface DecisionContext {
  readonly cause: 'admission_request' | 'background_scan';
  /** Seconds spent on each decision, in order; shared evenly when only the sum is known. */
  readonly seconds: number;
  readonly background: (decision: Decision) => boolean;
}

export interface AdmissionLabels {
  readonly kind: string;
  readonly namespace: string;
  readonly operation: string;
  readonly allowed: boolean;
  readonly webhook: 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration';
}

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 25, 30];
const RULE_TYPES = {
  Validation: 'validate',
  Mutation: 'mutate',
  Generation: 'generate',
  ImageVerify: 'imageVerify',
  Deletion: 'cleanup',
} as const satisfies Readonly<Record<RuleType, string>>;
const POLICY_LABELS = [
  'policy_validation_mode',
  'policy_type',
  'policy_background_mode',
  'policy_namespace',
  'policy_name',
] as const;
const RESULT_LABELS = [
  ...POLICY_LABELS,
  'resource_kind',
  'resource_namespace',
  'resource_request_operation',
  'rule_name',
  'rule_result',
  'rule_type',
  'rule_execution_cause',
  'dry_run',
] as const;
const ADMISSION_LABELS = [
  'resource_kind',
  'resource_namespace',
  'resource_request_operation',
  'request_allowed',
  'request_webhook',
] as const;
/** Most label sets whose children are remembered; beyond it they are looked up each time. */
const REMEMBERED = 10_000;

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter<Label>({ name, help, labelNames, registers: [registry] });
  const histogram = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Histogram<Label>({ name, help, labelNames, buckets: BUCKETS, registers: [registry] });

  const results = counter('kyverno_policy_results_total', 'rule results', RESULT_LABELS);
  const execution = histogram('kyverno_policy_execution_duration_seconds', 'time rules took', RESULT_LABELS);
  const admissions = counter('kyverno_admission_requests_total', 'admission requests', ADMISSION_LABELS);
  const reviews = histogram(
    'kyverno_admission_review_duration_seconds',
    'time admission reviews took',
    ADMISSION_LABELS,
  );
  const http = counter('kyverno_http_requests_total', 'HTTP requests', ['http_method', 'http_url'] as const);
  const httpSeconds = histogram('kyverno_http_requests_duration_seconds', 'time HTTP requests took', [
    'http_method',
    'http_url',
  ] as const);
  const changes = counter('kyverno_policy_changes_total', 'policies created, updated, deleted', [
    ...POLICY_LABELS,
    'policy_change_type',
  ] as const);
  const dropped = counter('kyverno_events_dropped_total', 'events not sent', [] as const);
  const ruleInfo = new Gauge({
    name: 'kyverno_policy_rule_info_total',
    help: 'rules that exist',
    labelNames: [...POLICY_LABELS, 'status_ready', 'rule_name', 'rule_type'],
    registers: [registry],
  });
  new Gauge({ name: 'kyverno_info', help: 'the version', labelNames: ['version'], registers: [registry] }).set(
    { version },
    1,
  );

  // looking a child up by its labels costs more than evaluating a rule, so children are kept
  const resultChildren = new Map<string, { inc(): void; observe(seconds: number): void }>();
  const resultChild = (
    decision: Decision,
    result: RuleResult,
    request: EvaluationRequest,
    context: DecisionContext,
  ) => {
    const background = context.background(decision);
    const { policy } = decision;
    const key = `${policy.kind}|${policy.namespace}|${policy.name}|${result.rule}|${result.type}|${result.status}|${result.action}|${request.kind.kind}|${request.namespace}|${request.operation}|${request.dryRun}|${context.cause}|${background}`;
    const known = resultChildren.get(key);
    if (known) return known;
    const labels = {
      ...policyLabels(policy.namespace, policy.name, result.action, background),
      resource_kind: request.kind.kind,
      resource_namespace: request.namespace,
      resource_request_operation: request.operation.toLowerCase(),
      rule_name: result.rule,
      rule_result: result.status === 'warn' ? 'warning' : result.status,
      rule_type: RULE_TYPES[result.type],
      rule_execution_cause: context.cause,
      dry_run: String(request.dryRun),
    };
    const count = results.labels(labels);
    const time = execution.labels(labels);
    const child = { inc: () => count.inc(), observe: (seconds: number) => time.observe(seconds) };
    if (resultChildren.size >= REMEMBERED) resultChildren.clear();
    resultChildren.set(key, child);
    return child;
  };

  const admissionChildren = new Map<string, { record(seconds: number): void }>();

  return {
    recordDecisions(decisions, request, context) {
      const share = context.seconds / Math.max(1, decisions.length);
      for (const decision of decisions) {
        for (const result of decision.results) {
          const child = resultChild(decision, result, request, context);
          child.inc();
          child.observe(share);
        }
      }
    },
    recordAdmission({ kind, namespace, operation, allowed, webhook }, seconds) {
      const key = `${kind}|${namespace}|${operation}|${allowed}|${webhook}`;
      let child = admissionChildren.get(key);
      if (!child) {
        const labels = {
          resource_kind: kind,
          resource_namespace: namespace,
          resource_request_operation: operation.toLowerCase(),
          request_allowed: String(allowed),
          request_webhook: webhook,
        };
        const count = admissions.labels(labels);
        const time = reviews.labels(labels);
        child = {
          record: (value) => {
            count.inc();
            time.observe(value);
          },
        };
        if (admissionChildren.size >= REMEMBERED) admissionChildren.clear();
        admissionChildren.set(key, child);
      }
      child.record(seconds);
    },
    recordHttp(method, url, seconds) {
      http.inc({ http_method: method, http_url: url });
      httpSeconds.observe({ http_method: method, http_url: url }, seconds);
    },
    recordPolicyChange(policy, change) {
      const { namespace, name } = policy.ref;
      const action = policy.canEnforce ? 'Enforce' : 'Audit';
      changes.inc({ ...policyLabels(namespace, name, action, policy.background), policy_change_type: change });
    },
    recordDroppedEvent: () => dropped.inc(),
    setRuleInfo(policies) {
      ruleInfo.reset();
      for (const { policy, ready } of policies) {
        const base = policyLabels(
          policy.ref.namespace,
          policy.ref.name,
          policy.canEnforce ? 'Enforce' : 'Audit',
          policy.background,
        );
        for (const rule of policy.rules) {
          ruleInfo.set(
            { ...base, status_ready: String(ready), rule_name: rule.name, rule_type: RULE_TYPES[rule.type] },
            1,
          );
        }
      }
    },
    async render() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

function policyLabels(namespace: string | undefined, name: string, action: 'Audit' | 'Enforce', background: boolean) {
  return {
    policy_validation_mode: action.toLowerCase(),
    policy_type: namespace ? 'namespaced' : 'cluster',
    policy_background_mode: String(background),
    policy_namespace: namespace ?? '-',
    policy_name: name,
  };
}
