import type { FactTable } from '../facts/fact-table.ts';
import { isJsonObject, type JsonObject, memberAt } from '../kernel/json.ts';
import { readFlag, readObject, readObjects, readText } from '../model/read-json.ts';
import type { EvaluationRequest, UserInfo } from '../model/request.ts';

/** Controllers between what people write and a Pod: only these are looked through to their own owner. */
const BETWEEN: ReadonlySet<string> = new Set(['apps/v1/ReplicaSet', 'batch/v1/Job']);

interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * The uids of what made the object, nearest first: its controller and, through a ReplicaSet or a Job, that one's. The
 * reference alone proves nothing, as anybody can write one: it counts for what a controller of the cluster creates, for
 * updates that leave it as it was, and for scans, which admit nothing. May throw `Need`.
 */
export function ownerUids(request: EvaluationRequest, facts: FactTable): readonly string[] {
  const owner = request.resource && controllerOf(request.resource);
  if (!owner || !isTrusted(request, owner)) return [];
  if (!BETWEEN.has(`${owner.apiVersion}/${owner.kind}`)) return [owner.uid];
  const { apiVersion, kind, name, uid } = owner;
  const fact = facts.get({ kind: 'resource', apiVersion, resourceKind: kind, namespace: request.namespace, name });
  if (!fact.ok || !isJsonObject(fact.value) || memberAt(fact.value, 'metadata', 'uid') !== uid) return [uid];
  const above = controllerOf(fact.value);
  return above ? [uid, above.uid] : [uid];
}

function isTrusted(request: EvaluationRequest, owner: Owner): boolean {
  if (request.admission === undefined) return true;
  if (isClusterController(request.user)) return true;
  return request.oldResource !== undefined && controllerOf(request.oldResource)?.uid === owner.uid;
}

/** kube-controller-manager, with one identity or with a service account for each controller. */
function isClusterController(user: UserInfo | undefined): boolean {
  if (user?.username === 'system:kube-controller-manager') return true;
  return user?.username.startsWith('system:serviceaccount:kube-system:') === true;
}

function controllerOf(object: JsonObject): Owner | undefined {
  const owners = readObjects(readObject(object, 'metadata'), 'ownerReferences');
  const owner = owners.find((reference) => readFlag(reference, 'controller') === true);
  const [apiVersion = '', kind = '', name = '', uid = ''] = ['apiVersion', 'kind', 'name', 'uid'].map((key) =>
    readText(owner, key),
  );
  return uid === '' ? undefined : { apiVersion, kind, name, uid };
}
