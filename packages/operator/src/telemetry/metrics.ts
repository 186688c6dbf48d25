import type { CompiledPolicy, Decision, EvaluationRequest, RuleResult, RuleType } from '@vouchsafe/engine';
import {
  type CounterChild,
  createMetricRegistry,
  type HistogramChild,
  METRICS_CONTENT_TYPE,
} from './metric-registry.ts';

/** Kyverno's metrics, under Kyverno's names and labels (kyverno-core §4.9). */
export interface Metrics {
  /** One rule result each, and the time its policy took. */
  recordDecisions(decisions: readonly Decision[], request: EvaluationRequest, context: DecisionContext): void;
  recordAdmission(labels: AdmissionLabels, seconds: number): void;
  /** An object asked to be let past a policy. */
  recordBypass(decision: Decision, granted: boolean): void;
  recordDroppedEvent(): void;
  /** An object that a cleanup deleted, or failed to judge or delete. */
  recordCleanup(labels: CleanupLabels, failed: boolean): void;
  setRuleInfo(policies: readonly { readonly policy: CompiledPolicy; readonly ready: boolean }[]): void;
  recordPolicyChange(policy: CompiledPolicy, change: 'created' | 'updated' | 'deleted'): void;
  /** Prometheus text. */
  render(): { readonly contentType: string; readonly body: string };
}

export interface DecisionContext {
  readonly cause: 'admission_request' | 'background_scan';
  /** Seconds spent on all decisions; they share it evenly. */
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

export interface CleanupLabels {
  /** `CleanupPolicy`, `DeletingPolicy`, …; `TTL` for objects whose own time came. */
  readonly policyType: string;
  readonly policyNamespace: string;
  readonly policyName: string;
  readonly kind: string;
  readonly namespace: string;
  readonly propagation: string;
}

type CleanupLabel =
  | 'policy_type'
  | 'policy_namespace'
  | 'policy_name'
  | 'resource_kind'
  | 'resource_namespace'
  | 'deletion_propagation';

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 25, 30];
const RULE_TYPES = {
  Validation: 'validate',
  Mutation: 'mutate',
  Generation: 'generate',
  ImageVerify: 'imageVerify',
  Deletion: 'cleanup',
} as const satisfies Readonly<Record<RuleType, string>>;

type PolicyLabel =
  | 'policy_validation_mode'
  | 'policy_type'
  | 'policy_background_mode'
  | 'policy_namespace'
  | 'policy_name';
type ResultLabel =
  | PolicyLabel
  | 'resource_kind'
  | 'resource_namespace'
  | 'resource_request_operation'
  | 'rule_name'
  | 'rule_result'
  | 'rule_type'
  | 'rule_execution_cause'
  | 'dry_run';
type AdmissionLabel =
  | 'resource_kind'
  | 'resource_namespace'
  | 'resource_request_operation'
  | 'request_allowed'
  | 'request_webhook';

interface Children {
  readonly count: CounterChild;
  readonly time: HistogramChild;
}

interface Shape {
  readonly children: Map<string, Children>;
  /** The results of the last request of the shape, in order. */
  readonly places: { readonly result: RuleResult; readonly children: Children }[];
}

/** Results of one request whose children are kept by place, and those of all shapes. */
const MAX_PLACES = 4_096;
const MAX_ALL_PLACES = 200_000;
/** Shapes of requests whose children are kept at hand; a shape is kind, namespace, operation, dry run and cause. */
const MAX_SHAPES = 2_000;

export function createMetrics(version: string): Metrics {
  const registry = createMetricRegistry();
  const results = registry.counter<ResultLabel>('kyverno_policy_results_total', 'rule results');
  const execution = registry.histogram<ResultLabel>(
    'kyverno_policy_execution_duration_seconds',
    'time policies took',
    BUCKETS,
  );
  const admissions = registry.counter<AdmissionLabel>('kyverno_admission_requests_total', 'admission requests');
  const reviews = registry.histogram<AdmissionLabel>(
    'kyverno_admission_review_duration_seconds',
    'time admission reviews took',
    BUCKETS,
  );
  const changes = registry.counter<PolicyLabel | 'policy_change_type'>(
    'kyverno_policy_changes_total',
    'policies created, updated, deleted',
  );
  const bypasses = registry.counter<
    'policy_namespace' | 'policy_name' | 'resource_kind' | 'resource_namespace' | 'outcome'
  >('kyverno_policy_bypasses_total', 'policies that objects asked to be let past');
  const verifications = registry.counter<'rule_result' | 'reason' | 'rule_execution_cause'>(
    'vouchsafe_image_verifications_total',
    'results of rules about images, with the reason of those that do not pass',
  );
  const dropped = registry.counter<never>('kyverno_events_dropped_total', 'events not sent').child({});
  const rules = registry.gauge<PolicyLabel | 'status_ready' | 'rule_name' | 'rule_type'>(
    'kyverno_policy_rule_info_total',
    'rules that exist',
  );
  registry.gauge<'version'>('kyverno_info', 'the version').set({ version }, 1);

  const cleaned = registry.counter<CleanupLabel>(
    'kyverno_cleanup_controller_deletedobjects_total',
    'objects that cleanups deleted',
  );
  const cleanupErrors = registry.counter<CleanupLabel>(
    'kyverno_cleanup_controller_errors_total',
    'objects that cleanups failed to judge or delete',
  );

  const shapes = new Map<string, Shape>();
  let allPlaces = 0;
  const admissionChildren = new Map<string, Children>();

  function shapeOf({ kind, namespace, operation, dryRun }: EvaluationRequest, cause: string): Shape {
    const key = `${kind.kind}|${namespace}|${operation}|${dryRun}|${cause}`;
    let shape = shapes.get(key);
    if (!shape) {
      if (shapes.size >= MAX_SHAPES || allPlaces >= MAX_ALL_PLACES) {
        shapes.clear();
        allPlaces = 0;
      }
      shape = { children: new Map(), places: [] };
      shapes.set(key, shape);
    }
    return shape;
  }

  function createChildren(
    decision: Decision,
    result: RuleResult,
    request: EvaluationRequest,
    context: DecisionContext,
  ): Children {
    const labels = {
      ...policyLabels(decision.policy.namespace, decision.policy.name, result.action, context.background(decision)),
      resource_kind: request.kind.kind,
      resource_namespace: request.namespace,
      resource_request_operation: request.operation.toLowerCase(),
      rule_name: result.rule,
      rule_result: nameOf(result.status),
      rule_type: RULE_TYPES[result.type],
      rule_execution_cause: context.cause,
      dry_run: String(request.dryRun),
    };
    return { count: results.child(labels), time: execution.child(labels) };
  }

  const verificationChildren = new Map<string, CounterChild>();

  function countVerification({ status, reason = '-' }: RuleResult, cause: DecisionContext['cause']): void {
    const key = `${status}|${reason}|${cause}`;
    const child =
      verificationChildren.get(key) ??
      verifications.child({ rule_result: nameOf(status), reason, rule_execution_cause: cause });
    verificationChildren.set(key, child);
    child.inc();
  }

  return {
    recordDecisions(decisions, request, context) {
      if (decisions.length === 0) return;
      const share = context.seconds / decisions.length;
      const shape = shapeOf(request, context.cause);
      let at = 0;
      for (const decision of decisions) {
        const { name, namespace } = decision.policy;
        for (const result of decision.results) {
          if (result.type === 'ImageVerify') countVerification(result, context.cause);
          // Results that pass are the same objects again and again, so that their children need not be looked up.
          const place = shape.places[at];
          at += 1;
          if (place?.result === result) {
            place.children.count.inc();
            place.children.time.observe(share);
            continue;
          }
          const key = `${namespace}|${name}|${result.rule}|${result.status}|${result.action}`;
          let children = shape.children.get(key);
          if (!children) {
            children = createChildren(decision, result, request, context);
            shape.children.set(key, children);
          }
          if (at <= MAX_PLACES) {
            if (place === undefined) allPlaces += 1;
            shape.places[at - 1] = { result, children };
          }
          children.count.inc();
          children.time.observe(share);
        }
      }
    },
    recordAdmission({ kind, namespace, operation, allowed, webhook }, seconds) {
      const key = `${kind}|${namespace}|${operation}|${allowed}|${webhook}`;
      let children = admissionChildren.get(key);
      if (!children) {
        const labels = {
          resource_kind: kind,
          resource_namespace: namespace,
          resource_request_operation: operation.toLowerCase(),
          request_allowed: String(allowed),
          request_webhook: webhook,
        };
        children = { count: admissions.child(labels), time: reviews.child(labels) };
        if (admissionChildren.size >= MAX_SHAPES) admissionChildren.clear();
        admissionChildren.set(key, children);
      }
      children.count.inc();
      children.time.observe(seconds);
    },
    recordBypass({ policy, resource }, granted) {
      const labels = {
        policy_namespace: policy.namespace ?? '-',
        policy_name: policy.name,
        resource_kind: resource.kind,
        resource_namespace: resource.namespace,
        outcome: granted ? 'granted' : 'refused',
      };
      bypasses.child(labels).inc();
    },
    recordDroppedEvent: () => dropped.inc(),
    recordCleanup({ policyType, policyNamespace, policyName, kind, namespace, propagation }, failed) {
      const labels = {
        policy_type: policyType,
        policy_namespace: policyNamespace,
        policy_name: policyName,
        resource_kind: kind,
        resource_namespace: namespace,
        deletion_propagation: propagation,
      };
      (failed ? cleanupErrors : cleaned).child(labels).inc();
    },
    recordPolicyChange(policy, change) {
      const { namespace, name } = policy.ref;
      const labels = policyLabels(namespace, name, policy.canEnforce ? 'Enforce' : 'Audit', policy.background);
      changes.child({ ...labels, policy_change_type: change }).inc();
    },
    setRuleInfo(policies) {
      rules.clear();
      for (const { policy, ready } of policies) {
        const { namespace, name } = policy.ref;
        const labels = policyLabels(namespace, name, policy.canEnforce ? 'Enforce' : 'Audit', policy.background);
        for (const rule of policy.rules) {
          rules.set(
            { ...labels, status_ready: String(ready), rule_name: rule.name, rule_type: RULE_TYPES[rule.type] },
            1,
          );
        }
      }
    },
    render: () => ({ contentType: METRICS_CONTENT_TYPE, body: registry.render() }),
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

function nameOf(status: RuleResult['status']): string {
  return status === 'warn' ? 'warning' : status;
}
