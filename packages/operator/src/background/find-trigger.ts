import type { EvaluationRequest } from '@vouchsafe/engine';
import { isEqualJson, isJsonObject, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { isKubeError, type KubeClient } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';

/** Milliseconds between looks: an admission is answered before the object is stored, and others may yet refuse it. */
const LOOKS_MS: readonly number[] = [20, 50, 100, 250, 500, 1000, 2000];

/**
 * The request with its object as it is stored now; `undefined` when what it asked for never came to be: somebody else
 * refused it, or it is undone already.
 */
export async function findTrigger(
  client: KubeClient,
  request: EvaluationRequest,
  signal: AbortSignal,
): Promise<EvaluationRequest | undefined> {
  if (isMessage(request)) return request;
  const isKept = changesNothing(request);
  for (const delay of LOOKS_MS) {
    await new Promise((resolve) => setTimeout(resolve, delay));
    if (signal.aborted) return undefined;
    const live = await readLive(client, request, signal);
    if (request.operation === 'DELETE') {
      if (!live || isGoing(live) || !hasSame('uid', live, request.oldResource)) return request;
    } else if (
      live &&
      (request.operation !== 'UPDATE' || isKept || !hasSame('resourceVersion', live, request.oldResource))
    ) {
      return { ...request, resource: live };
    }
  }
  return undefined;
}

/** Such an update is admitted like any other, and written nowhere. */
function changesNothing({ operation, resource, oldResource }: EvaluationRequest): boolean {
  if (operation !== 'UPDATE' || !resource || !oldResource) return false;
  return isEqualJson(withoutFieldManagers(resource), withoutFieldManagers(oldResource));
}

function withoutFieldManagers(object: JsonObject): JsonObject {
  const metadata = memberAt(object, 'metadata');
  if (!isJsonObject(metadata)) return object;
  const { managedFields: _managedFields, ...kept } = metadata;
  return { ...object, metadata: kept };
}

/** An eviction or a binding is sent to an object and stored nowhere: the request is all there is. */
function isMessage({ kind, subresource, admission }: EvaluationRequest): boolean {
  const sent = memberAt(admission, 'kind', 'kind');
  // To policies the kind of a subresource is that of the object it belongs to.
  return subresource !== '' && typeof sent === 'string' && sent !== kind.kind && !STORED.has(sent);
}

/** Kinds of subresources that show what is stored in their objects. */
const STORED: ReadonlySet<string> = new Set(['Scale']);

async function readLive(
  client: KubeClient,
  { kind, namespace, name, resource, oldResource }: EvaluationRequest,
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  const target = await client.discovery.findKind(kind);
  const given = memberAt(resource ?? oldResource, 'metadata', 'name');
  const known = name === '' && typeof given === 'string' ? given : name;
  // A name that the API server makes is not known to an admission.
  if (!target || known === '') return undefined;
  const scope = target.isNamespaced && namespace !== '' ? { namespace } : {};
  try {
    const found = jsonOf(await client.get(target, { name: known, ...scope }, { signal }));
    const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
    return { ...found, apiVersion, kind: kind.kind };
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined;
    throw error;
  }
}

function isGoing(object: JsonObject): boolean {
  return memberAt(object, 'metadata', 'deletionTimestamp') !== undefined;
}

function hasSame(key: string, a: JsonObject, b: JsonObject | undefined): boolean {
  return memberAt(a, 'metadata', key) === memberAt(b, 'metadata', key);
}
