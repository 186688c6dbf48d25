import type { JsonObject } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import { namespaceObject, policyNamespaceObject } from './namespace-object.ts';

/** `namespaceObject` of Kubernetes' admission policies: among files at least its name is known. May throw `Need`. */
export function admissionNamespace(name: string, input: RuleInput): JsonObject | null {
  if (input.request.standIns === undefined) {
    const found = namespaceObject(name, input);
    return typeof found === 'string' ? null : found;
  }
  return name === '' ? null : (policyNamespaceObject(name, input) ?? { metadata: { name } });
}

const SCANNER = 'system:kyverno:background-scan';

/** Where nobody asks, as in a scan, expressions about the user see who scans (kyverno-cel §6.3). */
export function withScanner(request: EvaluationRequest): EvaluationRequest {
  const { user } = request;
  return {
    ...request,
    user: {
      ...user,
      username: user?.username || SCANNER,
      uid: user?.uid || SCANNER,
      groups: user && user.groups.length > 0 ? user.groups : [SCANNER],
    },
  };
}
