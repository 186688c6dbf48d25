import type { JsonObject } from '@vouchsafe/engine/kernel';
import { type ApiResource, ignoreNotFound, isKubeError, type KubeClient, type KubernetesObject } from '@vouchsafe/kube';
import { jsonOf } from '../../packages/operator/src/settings/json-of.ts';
import { objectOf } from './read-test.ts';

/** An object's address: its resource, name and namespace. */
interface Place {
  readonly resource: ApiResource;
  readonly name: string;
  readonly namespace: string | undefined;
}

/** What a scenario does to a cluster; it remembers what it made. Failures of the API server are texts. */
export interface ScenarioClient {
  apply(object: JsonObject): Promise<string | undefined>;
  create(object: JsonObject): Promise<string | undefined>;
  update(object: JsonObject): Promise<string | undefined>;
  patch(object: JsonObject): Promise<string | undefined>;
  delete(object: JsonObject): Promise<string | undefined>;
  /** Objects of the kind: the one of the name, or those with the labels. */
  find(object: JsonObject): Promise<readonly JsonObject[]>;
  /** Takes away all that was made, the last first. */
  cleanUp(): Promise<void>;
}

const GONE_MS = 15_000;
/** Tools take a moment from one change to the next, in which webhooks come to know of a policy. */
const POLICY_MS = 250;
/** A real API server takes that long, at least, from a definition to the first object of its kind. */
const DEFINITION_MS = 500;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export function createScenarioClient(client: KubeClient, defaultNamespace: string): ScenarioClient {
  const made: Place[] = [];

  async function placeOf(object: JsonObject): Promise<Place> {
    const [version = '', group = ''] = String(object['apiVersion']).split('/').reverse();
    const kind = String(object['kind']);
    let resource = await client.discovery.findKind({ group, version, kind });
    if (!resource) {
      client.discovery.invalidate();
      resource = await client.discovery.findKind({ group, version, kind });
    }
    if (!resource) throw new Error(`the server does not serve ${object['apiVersion']} ${kind}`);
    const { name, namespace } = objectOf(object['metadata']);
    return {
      resource,
      name: typeof name === 'string' ? name : '',
      namespace: resource.isNamespaced
        ? typeof namespace === 'string' && namespace
          ? namespace
          : defaultNamespace
        : undefined,
    };
  }

  const target = ({ name, namespace }: Place) => ({ name, ...(namespace === undefined ? {} : { namespace }) });
  /** A namespace written for a kind that has none means nothing, as with chainsaw's client. */
  const inNamespace = (object: JsonObject, { namespace }: Place): KubernetesObject => {
    const { namespace: _written, ...metadata } = objectOf(object['metadata']);
    const whole = { ...object, metadata: { ...metadata, ...(namespace === undefined ? {} : { namespace }) } };
    return whole as KubernetesObject; // documents of a scenario are whole objects
  };
  const told = async (work: () => Promise<unknown>): Promise<string | undefined> => {
    try {
      await work();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  const live = (place: Place) => ignoreNotFound(client.get(place.resource, target(place)));

  async function create(object: JsonObject, place: Place): Promise<void> {
    const scope = place.namespace === undefined ? {} : { namespace: place.namespace };
    const stored = await client.create(place.resource, inNamespace(object, place), scope);
    made.push({ ...place, name: stored.metadata.name ?? place.name });
    if (place.resource.kind.endsWith('Policy')) await pause(POLICY_MS);
    if (place.resource.kind === 'CustomResourceDefinition') {
      await pause(DEFINITION_MS);
      client.discovery.invalidate();
    }
  }

  const merge = (object: JsonObject, place: Place) =>
    client.patch(place.resource, target(place), 'merge', inNamespace(object, place));

  return {
    apply: (object) =>
      told(async () => {
        const place = await placeOf(object);
        if (place.name !== '' && (await live(place))) await merge(object, place);
        else await create(object, place);
      }),
    create: (object) => told(async () => create(object, await placeOf(object))),
    update: (object) =>
      told(async () => {
        const place = await placeOf(object);
        const stored = await client.get(place.resource, target(place));
        const wanted = inNamespace(object, place);
        const metadata = { ...wanted.metadata, resourceVersion: stored.metadata.resourceVersion ?? '' };
        await client.update(place.resource, { ...wanted, metadata });
      }),
    patch: (object) =>
      told(async () => {
        const place = await placeOf(object);
        const { status, ...rest } = object;
        await merge(rest, place);
        if (status !== undefined) {
          await client
            .patch(place.resource, { ...target(place), subresource: 'status' }, 'merge', { status })
            .catch(() => undefined);
        }
      }),
    delete: (object) =>
      told(async () => {
        for (const found of await list(object)) {
          const place = await placeOf(found);
          await ignoreNotFound(client.delete(place.resource, target(place)));
          await gone(place);
        }
      }),
    find: list,
    async cleanUp() {
      const remove = (place: Place) =>
        client.delete(place.resource, target(place)).catch((error: unknown) => {
          if (!isKubeError(error)) throw error; // a policy may refuse it, or it is gone already
        });
      for (const place of made.reverse()) await remove(place);
      // What a policy refused that is going away itself is let go a moment later.
      for (const place of made) await gone(place, () => remove(place));
      made.length = 0;
    },
  };

  async function list(object: JsonObject): Promise<readonly JsonObject[]> {
    const place = await placeOf(object);
    if (place.name !== '') {
      const found = await live(place);
      return found ? [jsonOf(found)] : [];
    }
    const labels = Object.entries(objectOf(objectOf(object['metadata'])['labels']));
    const { items } = await client.list(place.resource, {
      ...(place.namespace === undefined ? {} : { namespace: place.namespace }),
      ...(labels.length > 0
        ? { labelSelector: labels.map(([key, value]) => `${key}=${String(value)}`).join(',') }
        : {}),
    });
    const { kind, group, version } = place.resource;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    return items.map((item) => jsonOf({ ...item, apiVersion, kind }));
  }

  async function gone(place: Place, again?: () => Promise<unknown>): Promise<void> {
    const until = performance.now() + GONE_MS;
    while (performance.now() < until) {
      const left = await live(place).catch(() => undefined);
      if (!left) return;
      if (left.metadata.deletionTimestamp === undefined) await again?.();
      await pause(50);
    }
  }
}
