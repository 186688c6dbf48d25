import { member } from '../kernel/json.ts';
import { isCelPolicy, type PolicyRef } from './decision.ts';
import { readObject } from './read-json.ts';
import type { EvaluationRequest } from './request.ts';

/**
 * Whether a policy may be about the objects of a request: a namespaced one is only about objects of its namespace, the old
 * one and the new; a Namespace is in none (kyverno-core §2.1).
 */
export function isInScope(policy: PolicyRef, request: EvaluationRequest): boolean {
  if (policy.namespace === undefined) return true;
  const { kind, resource, oldResource, payload } = request;
  // A payload is in no namespace: who hands it over to policies in CEL has chosen them.
  if (payload === true && isCelPolicy(policy)) return true;
  if (kind.kind === 'Namespace' && kind.group === '') return false;
  return isOf(resource, request, policy.namespace) && isOf(oldResource, request, policy.namespace);
}

function isOf(object: EvaluationRequest['resource'], { namespace }: EvaluationRequest, wanted: string): boolean {
  if (!object) return true;
  const own = member(readObject(object, 'metadata') ?? {}, 'namespace');
  return (typeof own === 'string' && own !== '' ? own : namespace) === wanted;
}
