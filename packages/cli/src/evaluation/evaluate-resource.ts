import {
  type CompiledPolicy,
  type Decision,
  decide,
  type Effect,
  type EvaluationRequest,
  expectAgain,
  type Operation,
  type Phase,
  type Policy,
  type RuleResult,
  settleImages,
  type TraceStep,
} from '@vouchsafe/engine';
import type { FactKind, FactSource } from '@vouchsafe/engine/facts';
import { isJsonObject, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { type KindTable, kindOf } from '../inputs/kind-table.ts';
import { textAt } from '../inputs/read-fields.ts';
import type { InputResource } from '../inputs/resources.ts';
import type { Requester } from '../inputs/user-info.ts';
import { merge, nest, ruleValues, type Values, valuesFor } from '../inputs/values.ts';

/** A policy ready to run, and which of the phases its rules take part in. */
export interface RunnablePolicy {
  readonly policy: Policy;
  readonly compiled: CompiledPolicy;
  readonly phases: ReadonlySet<Phase>;
}

/** What one policy said of one resource in one phase; without results when none of its rules was about it. */
export interface PolicyResponse {
  readonly policy: Policy;
  readonly phase: Phase;
  /** The resource as the policy saw it, values of the values file set. */
  readonly resource: JsonObject;
  readonly patched: JsonObject;
  readonly results: readonly RuleResult[];
  readonly effects: readonly Effect[];
  readonly trace: readonly TraceStep[];
}

export interface Surroundings {
  readonly policies: readonly RunnablePolicy[];
  readonly values: Values;
  /** Variables of `--set`, by dotted path. */
  readonly set: JsonObject;
  readonly requester: Requester | undefined;
  readonly source: FactSource;
  readonly absent: ReadonlySet<FactKind>;
  readonly kinds: KindTable;
  /** Labels of namespaces that the values do not tell. */
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  /** Milliseconds since the epoch: the one clock of the run. */
  readonly now: number;
  readonly trace: boolean;
}

const ORDER: readonly Phase[] = ['mutate', 'verify-images', 'validate', 'generate'];

/**
 * All policies on one resource as Kyverno's CLI runs them (kyverno-core §5.2): each phase in turn, mutations and pinned
 * images feeding the policies after them.
 *
 * @param operation empty for that of the values, which is CREATE when they name none
 */
export async function evaluateResource(
  resource: InputResource,
  surroundings: Surroundings,
  operation: string,
): Promise<readonly PolicyResponse[]> {
  const responses: PolicyResponse[] = [];
  let current = resource.object;
  for (const phase of ORDER) {
    const together = phase === 'validate' && resource.payload === undefined ? findGroup(surroundings) : undefined;
    if (together) {
      responses.push(...(await evaluateGroup(together, { resource, object: current, operation }, surroundings)));
      current = responses.at(-1)?.patched ?? current;
      continue;
    }
    if (phase === 'mutate') {
      const mutated = await mutate({ resource, object: current, operation }, surroundings);
      responses.push(...mutated.responses);
      current = mutated.object;
      continue;
    }
    for (const runnable of surroundings.policies) {
      if (!runnable.phases.has(phase) || !isAbout(runnable.policy, resource)) continue;
      if (isLeftToAdmission(runnable, phase)) continue;
      const response = await evaluatePolicy(runnable, phase, { resource, object: current, operation }, surroundings);
      responses.push(response);
      current = response.patched;
    }
  }
  // What deletes looks at what exists, whatever an admission would make of it, and only once.
  for (const runnable of operation === '' ? surroundings.policies : []) {
    if (!runnable.phases.has('delete') || !isAbout(runnable.policy, resource)) continue;
    const subject: Subject = { resource, object: resource.object, operation: 'CREATE' };
    responses.push(await evaluatePolicy(runnable, 'delete', subject, surroundings));
  }
  return settle(responses);
}

interface Mutated {
  readonly responses: readonly PolicyResponse[];
  readonly object: JsonObject;
}

/**
 * Rules first, then Kubernetes' own policies, then MutatingPolicies: these upstream applies as one, so that each tells what
 * all of them made of the object, and reads in `request.object` what it was before the first.
 */
async function mutate(subject: Subject, surroundings: Surroundings): Promise<Mutated> {
  const mutating = surroundings.policies.filter(
    ({ phases, policy }) => phases.has('mutate') && isAbout(policy, subject.resource),
  );
  const ofKind = (kind: string) => mutating.filter(({ policy }) => policy.family === 'cel' && policy.kind === kind);
  const legacy = mutating.filter(({ policy }) => policy.family !== 'cel');
  const byRules = await mutateBy(legacy, subject, surroundings);
  // Admission policies are always asked about a creation.
  const admitted: Subject = { ...subject, object: byRules.object, operation: 'CREATE' };
  const byAdmission = await mutateBy(ofKind('MutatingAdmissionPolicy'), admitted, surroundings);
  const original = byAdmission.object;
  const last = await mutateBy(ofKind('MutatingPolicy'), { ...subject, object: original, original }, surroundings);
  const together = last.responses.map((response) =>
    response.results.length === 0 ? response : { ...response, patched: last.object },
  );
  return { responses: [...byRules.responses, ...byAdmission.responses, ...together], object: last.object };
}

/** Each on the object as the one before left it. */
async function mutateBy(
  policies: readonly RunnablePolicy[],
  subject: Subject,
  surroundings: Surroundings,
): Promise<Mutated> {
  const responses: PolicyResponse[] = [];
  let { object } = subject;
  for (const runnable of policies) {
    const response = await evaluatePolicy(runnable, 'mutate', { ...subject, object }, surroundings);
    responses.push(response);
    object = response.patched;
  }
  return { responses, object };
}

/** Upstream's CLI judges the images of policies in CEL as they are written, and pins none. */
function isLeftToAdmission({ policy }: RunnablePolicy, phase: Phase): boolean {
  return policy.family === 'cel' && phase === 'verify-images';
}

/** What policies require of images, known when all are decided. */
function settle(responses: readonly PolicyResponse[]): readonly PolicyResponse[] {
  const parts = responses.map((response) => ({ policy: response.policy.ref, results: response.results, response }));
  return settleImages(parts).map(({ response, results }) =>
    results === response.results ? response : { ...response, results },
  );
}

/** Payloads are for the policies in CEL that say so. */
function isAbout(policy: Policy, { payload, checkedBy }: InputResource): boolean {
  if (payload !== undefined) return policy.family === 'cel' && policy.spec.mode === (checkedBy ?? 'JSON');
  return policy.family !== 'cel' || (policy.spec.mode !== 'Envoy' && policy.spec.mode !== 'HTTP');
}

/** The validating policies of a run, which are judged together. */
interface Group {
  readonly policies: readonly RunnablePolicy[];
  readonly compiled: readonly CompiledPolicy[];
}

const groups = new WeakMap<readonly RunnablePolicy[], Group>();

/** `undefined` when the request is not the same for all policies, or each is to be explained. */
function findGroup({ policies, values, trace }: Surroundings): Group | undefined {
  if (trace || values.policies.length > 0) return undefined;
  const known = groups.get(policies);
  if (known) return known;
  const validating = policies.filter(({ phases }) => phases.has('validate'));
  const group: Group = { policies: validating, compiled: validating.map(({ compiled }) => compiled) };
  expectAgain(group.compiled);
  groups.set(policies, group);
  return group;
}

/** Policies that do not see each other's results, on one request. */
async function evaluateGroup(
  { policies, compiled }: Group,
  subject: Subject,
  surroundings: Surroundings,
): Promise<readonly PolicyResponse[]> {
  if (policies.length === 0) return [];
  const request = toRequest('', subject, surroundings);
  const seen = request.resource ?? request.oldResource ?? subject.object;
  const decisions = await decide(compiled, request, surroundings.source, { phase: 'validate', unsettled: true });
  return policies.map(({ policy }, index) => toResponse(policy, 'validate', seen, decisions[index]));
}

interface Subject {
  readonly resource: InputResource;
  readonly object: JsonObject;
  readonly operation: string;
  /** The object before policies that tell apart what was asked for from what others made of it. */
  readonly original?: JsonObject;
}

async function evaluatePolicy(
  { policy, compiled }: RunnablePolicy,
  phase: Phase,
  subject: Subject,
  surroundings: Surroundings,
): Promise<PolicyResponse> {
  const request = toRequest(policy.ref.name, subject, surroundings);
  const seen = request.resource ?? request.oldResource ?? subject.object;
  const [decision] = await decide([compiled], request, surroundings.source, {
    phase,
    trace: surroundings.trace,
    unsettled: true,
  });
  return toResponse(policy, phase, seen, decision);
}

function toResponse(policy: Policy, phase: Phase, seen: JsonObject, decision: Decision | undefined): PolicyResponse {
  const { results = [], effects = [] } = decision ?? {};
  const isGenerating = phase === 'generate';
  return {
    policy,
    phase,
    resource: seen,
    patched: decision?.patched ?? seen,
    // Rules that change existing objects run among the mutations; in the cluster they run beside the generating ones.
    results: isGenerating ? results.filter(({ type }) => type === 'Generation') : results,
    effects: isGenerating ? effects.filter(({ kind }) => kind === 'create') : effects,
    trace: decision?.trace ?? [],
  };
}

function toRequest(
  policy: string,
  { resource, object, operation, original }: Subject,
  around: Surroundings,
): EvaluationRequest {
  const flat = valuesFor(around.values, policy, resource.name, around.set);
  const wanted = operation === '' ? flat['request.operation'] : operation;
  const effective: Operation = wanted === 'UPDATE' || wanted === 'DELETE' ? wanted : 'CREATE';
  const isPlain = wanted === effective && Object.keys(flat).length === 1;
  const nested = nest({ ...flat, 'request.operation': wanted ?? 'CREATE' });
  const seen = withValues(object, memberAt(nested, 'request', 'object'));
  const old = withValues(object, memberAt(nested, 'request', 'oldObject'));
  const isPayload = resource.payload !== undefined;
  const target = isPayload ? PAYLOAD : toTarget(object, around.values);
  const plural = around.kinds.byKind(target.kind.group, target.kind.kind)?.plural;
  return {
    operation: effective,
    ...target,
    ...(plural === undefined ? {} : { plural }),
    namespace: resource.namespace,
    name: resource.name,
    resource: effective === 'DELETE' ? undefined : seen,
    oldResource: effective === 'CREATE' ? undefined : old,
    ...(original === undefined ? {} : { original }),
    ...(resource.checkedBy ? { checkedBy: resource.checkedBy } : {}),
    ...(isPayload ? { payload: true, operation: 'CREATE', resource: object, oldResource: undefined } : {}),
    admission: undefined,
    user: around.requester?.user,
    roles: around.requester?.roles ?? [],
    clusterRoles: around.requester?.clusterRoles ?? [],
    namespaceLabels:
      around.values.namespaceLabels.get(resource.namespace) ?? around.namespaceLabels(resource.namespace),
    dryRun: false,
    now: around.now,
    // The request itself tells its operation: without other values nothing hides what it says.
    ...(isPlain ? {} : { variables: withoutObjects(nested) }),
    standIns: {
      absent: around.absent,
      rules: ruleValues(around.values, policy),
      // Payloads in YAML keep their integers (kyverno-cel §8.1).
      doubles: resource.payload !== 'yaml',
      namespaces: around.values.namespaces,
    },
  };
}

const PAYLOAD: Pick<EvaluationRequest, 'kind' | 'subresource'> = {
  kind: { group: '', version: '', kind: '' },
  subresource: '',
};

function withValues(object: JsonObject, values: ReturnType<typeof memberAt>): JsonObject {
  const merged = isJsonObject(values) ? merge(object, values) : object;
  return isJsonObject(merged) ? merged : object;
}

/** The values of the objects are in the objects already; as variables they would hide what rules change. */
function withoutObjects(nested: JsonObject): JsonObject {
  const request = memberAt(nested, 'request');
  if (!isJsonObject(request)) return nested;
  const { object: _object, oldObject: _oldObject, ...rest } = request;
  return { ...nested, request: rest };
}

/** A kind that the values name as a subresource is judged as that of its parent. */
function toTarget(object: JsonObject, { subresources }: Values): Pick<EvaluationRequest, 'kind' | 'subresource'> {
  const kind = kindOf(object);
  const found = subresources.find(
    (entry) => entry.group === kind.group && entry.version === kind.version && entry.kind === kind.kind,
  );
  return found ? { kind: found.parent, subresource: found.subresource } : { kind, subresource: '' };
}

/** The object an effect updates or creates, by what names it. */
export function isSameObject(a: JsonObject, b: JsonObject): boolean {
  return (
    textAt(a, 'apiVersion') === textAt(b, 'apiVersion') &&
    textAt(a, 'kind') === textAt(b, 'kind') &&
    textAt(a, 'metadata', 'name') === textAt(b, 'metadata', 'name') &&
    textAt(a, 'metadata', 'namespace') === textAt(b, 'metadata', 'namespace')
  );
}
