import type { CompiledPolicy, EvaluationRequest } from '@vouchsafe/engine';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import {
  type ApiResource,
  createWorkQueue,
  type Informer,
  isKubeError,
  type KubeClient,
  type KubernetesObject,
  startInformer,
} from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { StoredPolicy } from '../store/policy-store.ts';
import { goesWithPolicy, isOfOwnData, isOtherSpec, keeperOf, LABEL, ruleOf, synchronizes } from './keeper.ts';
import { type Generated, isSameObject, makeAnew } from './make-anew.ts';
import { startSourceWatch } from './source-watch.ts';

export interface SynchronizationOptions {
  readonly client: KubeClient;
  readonly policies: () => readonly StoredPolicy[];
  /** Evaluates the rules of a policy for a trigger and applies what they ask for. */
  readonly applyTo: (
    policy: CompiledPolicy,
    request: EvaluationRequest,
    rules: ReadonlySet<string>,
  ) => Promise<readonly JsonObject[] | undefined>;
  /** The same, tried once, and silent about what fails. */
  readonly attempt: SynchronizationOptions['applyTo'];
  /** What the rule asks for because of a trigger; undefined when it cannot be told. */
  readonly askedBy: (
    policy: CompiledPolicy,
    request: EvaluationRequest,
    rule: string,
  ) => Promise<readonly JsonObject[] | undefined>;
  readonly toRequest: (resource: ApiResource, object: JsonObject) => EvaluationRequest;
  /** False for replicas that do not lead: one puts back what was changed. */
  readonly mayRun: () => boolean;
  readonly log: Logger;
}

export interface Synchronization {
  /** Something was generated, as far as is known, that may have to go with its trigger. */
  readonly isKeeping: boolean;
  /** Something was generated for the object of this UID. */
  isTrigger(uid: string): boolean;
  /** Objects of this kind are generated. */
  watch(resource: ApiResource): void;
  /**
   * Policies changed. Looks once, when there is one that synchronizes, which kinds hold what was generated before; deletes what
   * one or a rule that is gone generated, unless it says otherwise; and makes anew what a changed one generated from its own data.
   */
  look(): void;
  /** Deletes what was generated for a trigger that is gone, unless a policy is about its deletion. */
  triggerGone(request: EvaluationRequest): Promise<void>;
  /**
   * Deletes what rules generated for a trigger that was as they ask and is so no more; of what a policy in CEL generated, also
   * what it no longer asks for.
   */
  triggerChanged(request: EvaluationRequest): Promise<void>;
  stop(): Promise<void>;
}

const MANAGED = `app.kubernetes.io/managed-by=kyverno,${LABEL}policy-name`;
/** Milliseconds in which changes of one object are one. */
const SETTLE_MS = 200;
const RETRY_MS = 1_000;
/** Objects that are put back at once: a source may have thousands of copies, and the API server others to answer. */
const WORKERS = 4;

/**
 * Keeps what policies with `synchronize` generated: an object that is changed or deleted by hand is made again, and goes with
 * its trigger, and what was copied follows its source (kyverno-core §1.7, kyverno-cel §4.4). It is found by its labels, and deleted only as the one that bore them.
 */
export function startSynchronization(options: SynchronizationOptions): Synchronization {
  const { client, policies, mayRun, log } = options;
  const watched = new Map<string, { readonly resource: ApiResource; readonly informer: Informer }>();
  /** Labels of what is to be put back, by kind, namespace and name. */
  const due = new Map<string, Readonly<Record<string, string>>>();
  const queue = createWorkQueue({
    workers: WORKERS,
    initialBackoffMilliseconds: RETRY_MS,
    maximumFailures: 3,
    async process(key) {
      const labels = due.get(key);
      if (labels && mayRun()) await putBack(labels, options);
      if (due.get(key) === labels) due.delete(key);
      return undefined;
    },
    onFailure(key, error, willRetry) {
      if (!willRetry) due.delete(key);
      log.warn({ object: key, error: messageOf(error) }, 'what was generated could not be put back');
    },
  });
  let discovery: Promise<void> | undefined;
  let known = new Map<string, StoredPolicy>();
  const triggers = new Set<string>();
  const sources = startSourceWatch({
    client,
    log,
    mayRun,
    onChanged: (uid) => eachCopy(uid, changed),
    onGone: (uid) => eachCopy(uid, sourceGone),
    onMissing: sourceMissing,
    onStale: changed,
  });
  let isStopped = false;

  function watch(resource: ApiResource): void {
    const key = `${resource.group}/${resource.resource}`;
    if (isStopped || watched.has(key) || !resource.verbs.includes('watch')) return;
    const informer = startInformer({
      client,
      gvr: resource,
      labelSelector: MANAGED,
      metadataOnly: true,
      onChange: ({ type, object }) => {
        if (type !== 'added') changed(resource, object);
        if (type === 'deleted') return;
        triggers.add(object.metadata.labels?.[`${LABEL}trigger-uid`] ?? '');
        sources.follow(resource, object);
      },
      onError: (error) => log.debug({ resource: resource.resource, error: messageOf(error) }, 'watching goes on'),
    });
    watched.set(key, { resource, informer });
  }

  function changed(resource: ApiResource, { metadata }: KubernetesObject): void {
    if (!mayRun() || isStopped) return;
    const key = [resource.group, resource.resource, metadata.namespace, metadata.name].join('/');
    due.set(key, metadata.labels ?? {});
    queue.addAfter(key, SETTLE_MS);
  }

  function eachCopy(uid: string, act: (resource: ApiResource, copy: KubernetesObject) => void): void {
    for (const { resource, informer } of watched.values()) {
      for (const copy of informer.list()) if (copy.metadata.labels?.[`${LABEL}source-uid`] === uid) act(resource, copy);
    }
  }

  function sourceGone(resource: ApiResource, copy: KubernetesObject): void {
    if (!mayRun() || isStopped || !keeperOf(copy.metadata.labels ?? {}, policies())) return;
    remove(client, resource, copy, log).catch((error: unknown) =>
      log.warn({ resource: resource.resource, error: messageOf(error) }, 'a copy outlives its source'),
    );
  }

  /** Another object may bear the name of the source by now: copies that the rule does not make anew of it go. */
  function sourceMissing(uid: string): void {
    const copies: Generated[] = [];
    eachCopy(uid, (resource, item) => {
      if (keeperOf(item.metadata.labels ?? {}, policies())) copies.push({ resource, item });
    });
    makeAnew(copies, {
      regenerate: (labels) => putBack(labels, { ...options, applyTo: options.attempt }),
      remove: ({ resource, item }) => remove(client, resource, item, log),
      keepsUnasked: false,
    }).catch((error: unknown) => log.warn({ error: messageOf(error) }, 'copies outlive their source'));
  }

  async function discover(): Promise<void> {
    for (const resource of await client.discovery.resources()) {
      const isUsable = ['list', 'watch', 'delete'].every((verb) => resource.verbs.includes(verb));
      if (isStopped || !resource.isPreferredVersion || !isUsable) continue;
      if ((await listGenerated(client, resource, MANAGED)).length > 0) watch(resource);
    }
  }

  async function policyGone(stored: StoredPolicy): Promise<void> {
    await discovery;
    if (!(await isGone(client, stored))) return;
    const name = String(memberAt(stored.document, 'metadata', 'name'));
    if (!/^[\w.-]{1,63}$/.test(name)) return;
    for (const { resource } of watched.values()) {
      for (const item of await listGenerated(client, resource, `${MANAGED},${LABEL}policy-name=${name}`)) {
        if (goesWithPolicy(item, stored)) await remove(client, resource, item, log);
      }
    }
  }

  /** What its own data make is made anew; what a rule made that is gone goes. */
  async function policyChanged(before: StoredPolicy, after: StoredPolicy): Promise<void> {
    await discovery;
    const name = String(memberAt(after.document, 'metadata', 'name'));
    if (!/^[\w.-]{1,63}$/.test(name)) return;
    const madeInCel: Generated[] = [];
    for (const { resource } of watched.values()) {
      for (const item of await listGenerated(client, resource, `${MANAGED},${LABEL}policy-name=${name}`)) {
        const rule = item.metadata.labels?.[`${LABEL}rule-name`];
        if (rule === undefined) {
          if (keeperOf(item.metadata.labels ?? {}, [after])) madeInCel.push({ resource, item });
          continue;
        }
        if (ruleOf(after, rule) === undefined && goesWithPolicy(item, before))
          await remove(client, resource, item, log);
        else if (isOfOwnData(ruleOf(after, rule)) && keeperOf(item.metadata.labels ?? {}, [after]))
          changed(resource, item);
      }
    }
    await makeAnew(madeInCel, {
      regenerate: (labels) => putBack(labels, options),
      remove: ({ resource, item }) => remove(client, resource, item, log),
      keepsUnasked: true,
    });
  }

  function noticeGone(): void {
    const before = known;
    known = new Map(policies().map((stored) => [stored.key, stored]));
    if (!mayRun()) return;
    for (const [key, stored] of before) {
      const after = known.get(key);
      if (!synchronizes(stored.document) || (after && !isOtherSpec(stored, after))) continue;
      (after ? policyChanged(stored, after) : policyGone(stored)).catch((error: unknown) =>
        log.warn({ policy: key, error: messageOf(error) }, 'what a policy generated does not follow it'),
      );
    }
  }

  return {
    get isKeeping() {
      return watched.size > 0;
    },
    isTrigger: (uid) => triggers.has(uid),
    watch,
    look() {
      noticeGone();
      sources.look();
      for (const { resource, informer } of watched.values())
        for (const copy of informer.list()) sources.follow(resource, copy);
      if (discovery || isStopped || !policies().some(({ document }) => synchronizes(document))) return;
      discovery = discover().catch((error: unknown) => {
        log.warn({ error: messageOf(error) }, 'what was generated before is not known');
        discovery = undefined;
      });
    },
    async triggerGone(request) {
      const uid = memberAt(request.oldResource, 'metadata', 'uid');
      if (typeof uid !== 'string' || !/^[\w.-]{1,63}$/.test(uid)) return;
      for (const { resource } of watched.values()) {
        for (const item of await listGenerated(client, resource, `${MANAGED},${LABEL}trigger-uid=${uid}`)) {
          if (goesWithTrigger(item, request, policies())) await remove(client, resource, item, log);
        }
      }
    },
    async triggerChanged(request) {
      const uid = memberAt(request.oldResource, 'metadata', 'uid');
      if (typeof uid !== 'string' || !request.oldResource || !/^[\w.-]{1,63}$/.test(uid)) return;
      const before = { ...request, resource: request.oldResource };
      for (const { resource } of watched.values()) {
        for (const item of await listGenerated(client, resource, `${MANAGED},${LABEL}trigger-uid=${uid}`)) {
          const labels = item.metadata.labels ?? {};
          const keeper = keeperOf(labels, policies());
          const asked = keeper && (await options.askedBy(keeper.policy, request, keeper.rule));
          const isByRule = labels[`${LABEL}rule-name`] !== undefined;
          if (!asked || (isByRule ? asked.length > 0 : asked.some((one) => isSameObject(one, { resource, item }))))
            continue;
          // What is about other operations alone asked for nothing before, either.
          const askedBefore = await options.askedBy(keeper.policy, before, keeper.rule);
          if (askedBefore && askedBefore.length > 0) await remove(client, resource, item, log);
        }
      }
    },
    async stop() {
      isStopped = true;
      await sources.stop();
      await queue.stop();
      await Promise.all([...watched.values()].map(({ informer }) => informer.stop()));
    },
  };
}

/** Nobody deletes because a watch said so: the API server is asked, and must still serve the kind. */
async function isGone(client: KubeClient, { document }: StoredPolicy): Promise<boolean> {
  const [version = '', group = ''] = String(document['apiVersion']).split('/').reverse();
  const [name, namespace] = ['name', 'namespace'].map((key) => memberAt(document, 'metadata', key));
  const resource = await client.discovery.findKind({ group, version, kind: String(document['kind']) });
  if (!resource || typeof name !== 'string') return false;
  try {
    await client.get(resource, { name, ...(typeof namespace === 'string' ? { namespace } : {}) });
    return false;
  } catch (error) {
    // A kind that is served no more takes all of its policies with it; that is no wish to delete what they made.
    if (isKubeError(error, 'NotFound')) return isServed(client, resource);
    throw error;
  }
}

async function isServed(client: KubeClient, resource: ApiResource): Promise<boolean> {
  return client.list(resource, { metadataOnly: true }).then(
    () => true,
    () => false,
  );
}

/** A policy that asks for something at deletions says itself what is to be then. */
function goesWithTrigger(
  { metadata }: KubernetesObject,
  request: EvaluationRequest,
  policies: readonly StoredPolicy[],
): boolean {
  const keeper = keeperOf(metadata.labels ?? {}, policies);
  return keeper !== undefined && !isAboutDeletion(keeper.policy, request);
}

/** It asks for something when the object is deleted: rules that name no operations are not about that. */
export function isAboutDeletion({ selectors, matches }: CompiledPolicy, request: EvaluationRequest): boolean {
  return (
    selectors.some(({ phases, operations }) => phases.has('generate') && operations.includes('DELETE')) &&
    matches(request, 'generate')
  );
}

/** Evaluates the rule again for the trigger that the labels name, while there is one. */
async function putBack(
  labels: Readonly<Record<string, string>>,
  { client, policies, applyTo, toRequest }: SynchronizationOptions,
): Promise<readonly JsonObject[] | undefined> {
  const keeper = keeperOf(labels, policies());
  const uid = labels[`${LABEL}trigger-uid`];
  const resource = await client.discovery.findKind({
    group: labels[`${LABEL}trigger-group`] ?? '',
    version: labels[`${LABEL}trigger-version`] ?? '',
    kind: labels[`${LABEL}trigger-kind`] ?? '',
  });
  if (!keeper || !resource || !uid) return undefined;
  const namespace = resource.isNamespaced ? labels[`${LABEL}trigger-namespace`] : undefined;
  const { items } = await client.list(resource, { metadataOnly: true, ...(namespace ? { namespace } : {}) });
  const found = items.find(({ metadata }) => metadata.uid === uid && metadata.deletionTimestamp === undefined);
  if (!found?.metadata.name) return undefined;
  const target = { name: found.metadata.name, ...(namespace ? { namespace } : {}) };
  const live = await client.get(resource, target);
  return applyTo(keeper.policy, toRequest(resource, jsonOf(live)), new Set([keeper.rule]));
}

async function listGenerated(
  client: KubeClient,
  resource: ApiResource,
  labelSelector: string,
): Promise<readonly KubernetesObject[]> {
  try {
    return (await client.list(resource, { labelSelector, metadataOnly: true })).items;
  } catch (error) {
    if (isKubeError(error)) return [];
    throw error;
  }
}

async function remove(
  client: KubeClient,
  resource: ApiResource,
  { metadata }: KubernetesObject,
  log: Logger,
): Promise<void> {
  const { name, namespace, uid } = metadata;
  if (name === undefined || uid === undefined) return;
  try {
    await client.delete(resource, { name, ...(namespace ? { namespace } : {}) }, { preconditions: { uid } });
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return;
    log.warn({ resource: resource.resource, name, error: messageOf(error) }, 'what lost its trigger was not deleted');
  }
}
