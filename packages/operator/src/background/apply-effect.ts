import type { Decision, Effect } from '@vouchsafe/engine';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import { type ApiResource, isKubeError, type KubeClient } from '@vouchsafe/kube';
import { jsonOf, kubernetesObjectOf } from '../settings/json-of.ts';
import { isInCel } from './keeper.ts';

/** What became of an effect. `left`: an object of that name is there and not ours to change. */
export type Applied = 'created' | 'updated' | 'unchanged' | 'left';

type Write = Extract<Effect, { readonly kind: 'create' | 'update' }>;

/** Applies what a policy asks for with our own identity. Rejects with the words of the API server, or with why it is denied. */
export async function applyEffect(
  client: KubeClient,
  policy: Decision['policy'],
  effect: Write,
  signal: AbortSignal,
): Promise<Applied> {
  const { resource } = effect;
  const target = await findTarget(client, resource);
  checkScope(policy, target, resource);
  if (effect.kind === 'update') {
    await client.update(target, kubernetesObjectOf(resource), effect.subresource, { signal });
    return 'updated';
  }
  const wanted = target.isNamespaced ? withNamespace(resource) : resource;
  const found = await read(client, target, wanted, signal);
  if (!found && effect.serverSideApply === true) return applyOnServer(client, target, wanted, signal, 'created');
  if (!found && (await create(client, target, wanted, signal))) return 'created';
  // Somebody was quicker: it is then there as if it had been before.
  const existing = found ?? (await read(client, target, wanted, signal));
  if (!existing) throw new Error('it was made and deleted by others meanwhile');
  if (!mayChange(policy, wanted, existing)) return 'left';
  if (effect.synchronize !== true) return 'unchanged';
  if (effect.serverSideApply === true) {
    return covers(existing, wanted) ? 'unchanged' : applyOnServer(client, target, wanted, signal, 'updated');
  }
  if (isCovered(wanted, existing)) return 'unchanged';
  await client.update(target, kubernetesObjectOf(replacing(existing, wanted)), undefined, { signal });
  return 'updated';
}

async function findTarget(client: KubeClient, resource: JsonObject): Promise<ApiResource> {
  const apiVersion = textOf(member(resource, 'apiVersion'));
  const kind = textOf(member(resource, 'kind'));
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const found = await client.discovery.findKind({ group, version, kind });
  if (!found) throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`);
  return found;
}

/** A policy of a namespace reaches no other, whatever its rules say. */
function checkScope({ namespace }: Decision['policy'], { isNamespaced }: ApiResource, resource: JsonObject): void {
  if (namespace === undefined) return;
  if (!isNamespaced) throw new Error(`a policy of namespace ${namespace} writes no objects without namespace`);
  const wanted = metadataText(resource, 'namespace');
  if (wanted !== namespace)
    throw new Error(`a policy of namespace ${namespace} writes nothing to ${wanted || 'others'}`);
}

function withNamespace(resource: JsonObject): JsonObject {
  if (metadataText(resource, 'namespace') !== '') return resource;
  const metadata = member(resource, 'metadata');
  return { ...resource, metadata: { ...(isJsonObject(metadata) ? metadata : {}), namespace: 'default' } };
}

async function read(
  client: KubeClient,
  target: ApiResource,
  resource: JsonObject,
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  const namespace = metadataText(resource, 'namespace');
  const name = metadataText(resource, 'name');
  try {
    return jsonOf(await client.get(target, { name, ...(namespace === '' ? {} : { namespace }) }, { signal }));
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** False when an object of that name is there. */
async function create(
  client: KubeClient,
  target: ApiResource,
  resource: JsonObject,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await client.create(target, kubernetesObjectOf(resource), undefined, { signal, fieldManager: 'generate' });
    return true;
  } catch (error) {
    if (isKubeError(error, 'AlreadyExists')) return false;
    throw error;
  }
}

/** The policy's `useServerSideApply`: fields that others own stay, those that are wanted are taken. */
async function applyOnServer(
  client: KubeClient,
  target: ApiResource,
  resource: JsonObject,
  signal: AbortSignal,
  done: Applied,
): Promise<Applied> {
  const [name, namespace] = [metadataText(resource, 'name'), metadataText(resource, 'namespace')];
  const options = { signal, fieldManager: 'kyverno-generate', force: true };
  const place = { name, ...(namespace === '' ? {} : { namespace }) };
  await client.patch(target, place, 'apply', kubernetesObjectOf(resource), options);
  return done;
}

/** Policies in CEL change what they made for this trigger alone; rules also what they find (kyverno-core §1.7.3). */
function mayChange(policy: Decision['policy'], wanted: JsonObject, existing: JsonObject): boolean {
  if (!isInCel(policy)) return true;
  return ['generate.kyverno.io/policy-name', 'generate.kyverno.io/trigger-uid'].every((label) => {
    const value = memberAt(existing, 'metadata', 'labels', label);
    return value !== undefined && value === memberAt(wanted, 'metadata', 'labels', label);
  });
}

/** The existing object with what is wanted in place of its own; what the API server wrote stays. */
function replacing(existing: JsonObject, wanted: JsonObject): JsonObject {
  const metadata: Record<string, Json> = { name: metadataText(existing, 'name') };
  for (const key of ['namespace', 'uid', 'resourceVersion', 'ownerReferences', 'finalizers']) {
    const value = memberAt(existing, 'metadata', key);
    if (value !== undefined) metadata[key] = value;
  }
  for (const key of ['labels', 'annotations']) {
    const [before, after] = [existing, wanted].map((object) => memberAt(object, 'metadata', key));
    if (before !== undefined || after !== undefined) {
      metadata[key] = { ...(isJsonObject(before) ? before : {}), ...(isJsonObject(after) ? after : {}) };
    }
  }
  const status = member(existing, 'status');
  return { ...wanted, metadata, ...(status === undefined ? {} : { status }) };
}

/** All that is wanted is there already, whatever else is. Keys of data that are no longer wanted are a difference. */
function isCovered(wanted: JsonObject, existing: JsonObject): boolean {
  const isSameData = ['data', 'stringData', 'binaryData'].every((key) => {
    const [before, after] = [existing, wanted].map((object) => member(object, key));
    if (!isJsonObject(before)) return true;
    return isJsonObject(after) ? Object.keys(before).length === Object.keys(after).length : after === undefined;
  });
  return isSameData && covers(existing, wanted);
}

function covers(whole: Json | undefined, part: Json): boolean {
  if (isJsonArray(part)) {
    return (
      isJsonArray(whole) && whole.length === part.length && part.every((item, index) => covers(whole[index], item))
    );
  }
  if (!isJsonObject(part)) return whole === part;
  return isJsonObject(whole) && Object.entries(part).every(([key, item]) => covers(member(whole, key), item));
}

function metadataText(object: JsonObject, key: string): string {
  return textOf(memberAt(object, 'metadata', key));
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
