import type { CompiledPolicy, Phase, ResourceSelector } from '../model/compiled-policy.ts';
import { isInScope } from '../model/object-scope.ts';
import { type EvaluationRequest, toShape } from '../model/request.ts';
import { expectAgain } from './joint-plan.ts';

/** Answers which policies can concern a request without looking at the others. Frozen: a change makes a new one. */
export interface PolicyIndex {
  readonly policies: readonly CompiledPolicy[];
  /**
   * In the order the policies were given. An admission request meets no policy whose `admission` is off; whether a scan
   * heeds `background` is the shell's to say.
   */
  candidates(request: EvaluationRequest, phase: Phase): readonly CompiledPolicy[];
}

/** Most remembered answers; a cluster has a few hundred kinds, so this is only reached by hostile requests. */
const REMEMBERED = 4096;

/**
 * Indexes policies by phase, kind and (for a namespaced Policy) namespace. The first request of a shape (kind,
 * subresource, operation) filters its bucket by the selectors; later ones reuse the answer.
 */
export function createPolicyIndex(compiled: readonly CompiledPolicy[]): PolicyIndex {
  const policies = Object.freeze([...compiled]);
  const buckets = new Map<string, number[]>();
  const namespaces = new Set<string>();
  for (const [order, policy] of policies.entries()) {
    const namespace = policy.ref.namespace ?? '';
    if (namespace) namespaces.add(namespace);
    for (const key of bucketKeys(policy.selectors, namespace)) {
      const bucket = buckets.get(key);
      if (bucket) bucket.push(order);
      else buckets.set(key, [order]);
    }
  }
  const ofAdmissions = new Map<string, Remembered>();
  const ofScans = new Map<string, Remembered>();

  function collect(request: EvaluationRequest, phase: Phase, namespace: string): Remembered {
    const orders = new Set<number>();
    for (const scope of namespace ? ['', namespace] : ['']) {
      for (const kind of [request.kind.kind, WILDCARD]) {
        for (const order of buckets.get(bucketKey(phase, kind, scope)) ?? []) orders.add(order);
      }
    }
    const sorted = [...orders].sort((a, b) => a - b);
    const found = sorted
      .flatMap((order) => policies[order] ?? [])
      .filter((policy) => policy.admission || request.admission === undefined)
      .filter((policy) => policy.matches(isNamespaced(policy) ? { ...request, ...NO_OBJECTS } : request, phase));
    const shared = found.filter((policy) => !isNamespaced(policy));
    for (const list of [found, shared]) expectAgain(Object.freeze(list));
    return { policies: found, shared, namespaced: found.find(isNamespaced) };
  }

  return Object.freeze({
    policies,
    candidates(request: EvaluationRequest, phase: Phase) {
      const namespace = namespaces.has(request.namespace) ? request.namespace : '';
      const ofKind = toShape(request, phase);
      const shape = namespace === '' ? ofKind : `${ofKind}|${namespace}`;
      const remembered = request.admission === undefined ? ofScans : ofAdmissions;
      let known = remembered.get(shape);
      if (!known) {
        known = collect(request, phase, namespace);
        if (remembered.size >= REMEMBERED) remembered.clear();
        remembered.set(shape, known);
      }
      if (known.namespaced === undefined) return known.policies;
      // A payload is in no namespace, and the families differ about those.
      if (request.payload === true) return known.policies.filter(({ ref }) => isInScope(ref, request));
      return isInScope(known.namespaced.ref, request) ? known.policies : known.shared;
    },
  });
}

/**
 * What a shape of requests meets; always the same lists, as what is prepared for one is found by it. Where there are
 * namespaced policies they are all of one namespace, and whether the objects are in it is asked each time.
 */
interface Remembered {
  readonly policies: readonly CompiledPolicy[];
  readonly shared: readonly CompiledPolicy[];
  readonly namespaced: CompiledPolicy | undefined;
}

/** A request as far as its shape goes. */
const NO_OBJECTS = { resource: undefined, oldResource: undefined } as const;

function isNamespaced({ ref }: CompiledPolicy): boolean {
  return ref.namespace !== undefined;
}

/** Bucket of selectors whose kind holds a wildcard. No kind is spelt so. */
const WILDCARD = '*';

function bucketKey(phase: Phase, kind: string, namespace: string): string {
  return `${phase}|${kind}|${namespace}`;
}

function bucketKeys(selectors: readonly ResourceSelector[], namespace: string): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { kind, phases } of selectors) {
    const bucket = kind.includes('*') || kind.includes('?') ? WILDCARD : kind;
    for (const phase of phases) keys.add(bucketKey(phase, bucket, namespace));
  }
  return keys;
}
