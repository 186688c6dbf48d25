import { type Json, type JsonObject, memberAt } from '../kernel/json.ts';
import type { EvaluationRequest, GroupVersionKind, StandIns } from './request.ts';

/** What a scan of an object leaves open: who asked, with which rights, when. */
const UNASKED: Pick<
  EvaluationRequest,
  'oldResource' | 'admission' | 'user' | 'roles' | 'clusterRoles' | 'namespaceLabels' | 'dryRun' | 'now'
> = Object.freeze({
  oldResource: undefined,
  admission: undefined,
  user: undefined,
  roles: [],
  clusterRoles: [],
  namespaceLabels: {},
  dryRun: false,
  now: 0,
});

/** No cluster, and no values for what it would have told. */
export const NO_CLUSTER: StandIns = Object.freeze({ absent: new Set<never>(), rules: new Map<never, never>() });

/**
 * A scan of an object, which tells its kind (a Pod's unless it says another), its namespace and its name; without one
 * `oldResource` does, as on DELETE. `given` says otherwise.
 */
export function requestOf(resource: JsonObject | undefined, given: Partial<EvaluationRequest> = {}): EvaluationRequest {
  const object = resource ?? given.oldResource ?? {};
  return {
    operation: 'CREATE',
    kind: kindOf(object),
    subresource: '',
    namespace: textOf(memberAt(object, 'metadata', 'namespace')),
    name: textOf(memberAt(object, 'metadata', 'name')),
    resource,
    ...UNASKED,
    ...given,
  };
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function kindOf({ apiVersion = 'v1', kind = 'Pod' }: JsonObject): GroupVersionKind {
  const [version = '', group = ''] = textOf(apiVersion).split('/').reverse();
  return { group, version, kind: textOf(kind) };
}
