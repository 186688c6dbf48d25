import type { CompiledPolicy, Phase, ResourceSelector } from '../model/compiled-policy.ts';
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
      .filter((policy) => isNamespaced(policy) || policy.matches(request, phase));
    expectAgain(found);
    return { policies: Object.freeze(found), asksEach: found.some(isNamespaced) };
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
      if (!known.asksEach) return known.policies;
      const isMet = (policy: CompiledPolicy) => !isNamespaced(policy) || policy.matches(request, phase);
      // The same list again where it can be: what is prepared for it is found by it.
      return known.policies.every(isMet) ? known.policies : known.policies.filter(isMet);
    },
  });
}

/** What a shape of requests meets. A namespaced Policy also looks at the objects, so it is asked each time. */
interface Remembered {
  readonly policies: readonly CompiledPolicy[];
  readonly asksEach: boolean;
}

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
