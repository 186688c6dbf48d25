import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import {
  type GroupVersionKind,
  type GroupVersionResource,
  type Informer,
  isKubeError,
  type KubeClient,
  startInformer,
} from '@vouchsafe/kube';
import { createRoleIndex, type RoleIndex } from '../admission/role-index.ts';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';

/** The live state that requests are judged with, kept by informers. */
export interface ClusterView {
  namespaceLabels(namespace: string): Readonly<Record<string, string>>;
  /** The kind that serves a resource, for the parents of subresources; undefined when discovery does not tell. */
  parentKind(admission: JsonObject): GroupVersionKind | undefined;
  /** Rebuilt lazily, at most once a change of bindings. */
  roles(): RoleIndex;
  readonly synced: Promise<void>;
  stop(): Promise<void>;
}

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const;
const NAMESPACES: GroupVersionResource = { group: '', version: 'v1', resource: 'namespaces' };
const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

export function startClusterView(client: KubeClient, log: Logger): ClusterView {
  let roles: RoleIndex | undefined;
  const watch = (gvr: GroupVersionResource, onChange: () => void): Informer =>
    startInformer({
      client,
      gvr,
      onChange,
      onError: (error) =>
        log.warn({ group: gvr.group, resource: gvr.resource, error: messageOf(error) }, 'watching failed; it goes on'),
    });
  const kinds = new Map<string, GroupVersionKind>();
  const readKinds = () =>
    client.discovery.resources().then(
      (served) => {
        for (const { group, version, resource, kind } of served)
          kinds.set(`${group}/${version}/${resource}`, { group, version, kind });
      },
      (error: unknown) => log.warn({ error: messageOf(error) }, 'the served kinds are not known'),
    );
  const forgetRoles = () => {
    roles = undefined;
  };
  const namespaces = watch(NAMESPACES, () => {});
  const roleBindings = watch({ ...RBAC, resource: 'rolebindings' }, forgetRoles);
  const clusterRoleBindings = watch({ ...RBAC, resource: 'clusterrolebindings' }, forgetRoles);
  const informers = [namespaces, roleBindings, clusterRoleBindings];

  return {
    namespaceLabels: (name) => namespaces.get(name)?.metadata.labels ?? NO_LABELS,
    parentKind(admission) {
      const [group, version, resource] = ['group', 'version', 'resource'].map((part) =>
        memberAt(admission, 'resource', part),
      );
      const known = kinds.get(`${group}/${version}/${resource}`);
      if (!known) void readKinds(); // a kind installed since: the next request finds it
      return known;
    },
    roles() {
      roles ??= createRoleIndex([...roleBindings.list(), ...clusterRoleBindings.list()].map(jsonOf));
      return roles;
    },
    synced: Promise.all([readKinds(), ...informers.map((informer) => informer.synced)]).then(() => {}),
    async stop() {
      await Promise.all(informers.map((informer) => informer.stop()));
    },
  };
}

export interface FollowOptions {
  readonly upsert: (object: JsonObject) => void;
  readonly remove: (object: JsonObject) => void;
  /** A kind that is not served counts as known to be empty; else its definition is waited for. */
  readonly isOptional: boolean;
  /** All when absent. */
  readonly namespace?: string | undefined;
}

export type Followed = Pick<Informer, 'synced' | 'stop'>;

/** Follows a collection. One whose CustomResourceDefinition is not installed is found soon after it is. */
export function followObjects(
  client: KubeClient,
  gvr: GroupVersionResource,
  log: Logger,
  { upsert, remove, isOptional, namespace }: FollowOptions,
): Followed {
  const absent = Promise.withResolvers<boolean>();
  const informer = startInformer({
    client,
    gvr,
    ...(namespace === undefined ? {} : { namespace }),
    onChange: ({ type, object }) => (type === 'deleted' ? remove(jsonOf(object)) : upsert(jsonOf(object))),
    onError: (error) => {
      if (isOptional && isKubeError(error, 'NotFound')) absent.resolve(true);
      else
        log.warn({ group: gvr.group, resource: gvr.resource, error: messageOf(error) }, 'watching failed; it goes on');
    },
  });
  return { synced: Promise.race([informer.synced, absent.promise]), stop: informer.stop };
}
