import type { RegistryAccess } from '../../facts/fact-request.ts';
import { namedSecrets } from '../../facts/named-secrets.ts';
import { isJsonObject, memberAt } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import { readObjects, readText } from '../../model/read-json.ts';
import type { EvaluationRequest } from '../../model/request.ts';

/** Where the specification of Pods is, by group and kind: what upstream extracts images of. */
const POD_SPECS: ReadonlyMap<string, readonly string[]> = new Map([
  ['/Pod', ['spec']],
  ['batch/CronJob', ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
  ...['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet', 'apps/ReplicaSet', 'batch/Job'].map(
    (kind): readonly [string, readonly string[]] => [kind, ['spec', 'template', 'spec']],
  ),
]);

/** Payloads are of no kind: only the policy's own extractors find images there. */
export function podSpecPath({ kind, payload }: EvaluationRequest): readonly string[] | undefined {
  return payload === true ? undefined : POD_SPECS.get(`${kind.group}/${kind.kind}`);
}

/** The access of a policy with the `imagePullSecrets` of the Pods that an object makes, which are of its namespace. */
export function withPullSecrets(access: RegistryAccess, { request, resource }: RuleInput): RegistryAccess {
  const path = podSpecPath(request);
  const spec = path && memberAt(resource, ...path);
  if (!isJsonObject(spec)) return access;
  const names = readObjects(spec, 'imagePullSecrets').flatMap((secret) => readText(secret, 'name') || []);
  const secrets = namedSecrets(names, request.namespace);
  return secrets.length === 0 ? access : { ...access, secrets: [...access.secrets, ...secrets] };
}
