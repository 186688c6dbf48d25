import { createEngine, decideAtOnce, type EvaluationRequest, loadDocument, type Phase } from '@vouchsafe/engine';
import { FactTable } from '@vouchsafe/engine/facts';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator/host';
import { requestOf } from '../../packages/engine/src/model/request.fixture.ts';

/** A result as a vector states it: `rule status message`, shortened by what is not told. */
export interface RuleOutcome {
  readonly rule: string;
  readonly status: string;
  readonly message: string;
}

export interface RuleRun {
  readonly rules: readonly JsonObject[];
  readonly resource: JsonObject;
  /** Members of the policy's `spec` beside its rules. */
  readonly spec?: JsonObject;
  readonly annotations?: JsonObject;
  /** PolicyExceptions: their `spec`. */
  readonly exceptions?: readonly JsonObject[];
  readonly phase?: Phase;
  /** A namespaced Policy instead of a ClusterPolicy. */
  readonly policyNamespace?: string;
  readonly request?: Partial<EvaluationRequest>;
}

export interface RuleRan {
  readonly results: readonly RuleOutcome[];
  readonly patched: JsonObject | undefined;
  /** Messages of what is wrong with the policy. */
  readonly errors: readonly string[];
}

const engine = createEngine({ host: NODE_HOST });
const load = (document: JsonObject) => loadDocument(document, () => undefined);

/** Evaluates rules on an object as a request that creates it, unless told otherwise. No facts are known. */
export function evaluateRules(run: RuleRun): RuleRan {
  const { rules, resource, spec = {}, annotations = {}, phase = 'validate', policyNamespace, request = {} } = run;
  const loaded = load({
    apiVersion: 'kyverno.io/v1',
    kind: policyNamespace === undefined ? 'ClusterPolicy' : 'Policy',
    metadata: { name: 'p', annotations, ...(policyNamespace === undefined ? {} : { namespace: policyNamespace }) },
    spec: { ...spec, rules },
  });
  const exceptions = (run.exceptions ?? []).flatMap((own, index) => {
    const metadata = { name: `e${index}`, namespace: 'ns' };
    return load({ apiVersion: 'kyverno.io/v2', kind: 'PolicyException', metadata, spec: own }).exception ?? [];
  });
  const compiled = loaded.policy && engine.compile(loaded.policy, { exceptions }).compiled;
  const errors = loaded.diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
  if (!compiled) return { results: [], patched: undefined, errors };
  const facts = new FactTable();
  const [decision] =
    decideAtOnce([compiled], requestOf(resource, { now: Date.UTC(2026, 0, 1), ...request }), { phase, facts }) ?? [];
  return {
    results: (decision?.results ?? []).map(({ rule, status, message }) => ({ rule, status, message })),
    patched: decision?.patched,
    errors,
  };
}

/** The one status, `absent` when there is no result, all of them where there are several; else what is wrong with the policy. */
export function statusOf({ results, errors }: RuleRan): string {
  return errors[0] ?? (results.map(({ status }) => status).join(' ') || 'absent');
}

export const MATCH_PODS: JsonObject = { any: [{ resources: { kinds: ['Pod'] } }] };

export const pod = (more: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'ns' },
  spec: { containers: [{ name: 'c', image: 'nginx:1' }] },
  ...more,
});

/** A `validate` rule about pods. */
export function validate(block: JsonObject, more: JsonObject = {}): JsonObject {
  return { name: 'r', match: MATCH_PODS, validate: { message: 'm', ...block }, ...more };
}

/** Whether one condition holds: a rule that denies on it fails. `error` and others as they are. */
export function holds(condition: JsonObject, resource: JsonObject = pod()): boolean | string {
  const ran = evaluateRules({ rules: [validate({ deny: { conditions: { all: [condition] } } })], resource });
  const status = ran.errors[0] ?? statusOf(ran);
  return status === 'fail' ? true : status === 'pass' ? false : status;
}

/** Whether a value fits a pattern. */
export function fits(value: JsonObject['x'], pattern: JsonObject['x']): boolean | string {
  const resource = pod({ value: value ?? null });
  const ran = evaluateRules({ rules: [validate({ pattern: { value: pattern ?? null } })], resource });
  const status = ran.errors[0] ?? statusOf(ran);
  return status === 'pass' ? true : status === 'fail' ? false : status;
}

/** The label of a mutation by `{{ expression }}`: what the expression gives inside of a text. */
export function labelBy(text: string, resource: JsonObject = pod(), more: JsonObject = {}): string {
  const rule = {
    name: 'r',
    match: MATCH_PODS,
    mutate: { patchStrategicMerge: { metadata: { labels: { x: text } } } },
    ...more,
  };
  const ran = evaluateRules({ rules: [rule], resource, phase: 'mutate' });
  const label = memberAt(ran.patched, 'metadata', 'labels', 'x');
  return label === undefined ? (ran.results[0]?.message ?? ran.errors[0] ?? 'absent') : JSON.stringify(label);
}
