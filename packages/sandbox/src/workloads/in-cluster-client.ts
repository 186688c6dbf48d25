import type { Cluster } from '../api/cluster.ts';
import { createObject } from '../api/create-object.ts';
import { deleteObject } from '../api/delete-object.ts';
import type { DeleteOptions } from '../api/delete-options.ts';
import { PLAIN_DELETE } from '../api/delete-options.ts';
import { bindPod } from '../api/pod-subresources.ts';
import { PLAIN_WRITE } from '../api/request-options.ts';
import { parseApiVersion, type ResourceDefinition } from '../api/resource-definition.ts';
import type { ResourceRequest } from '../api/resource-request.ts';
import { StatusError } from '../api/status-error.ts';
import { changeObject } from '../api/update-object.ts';
import { serviceAccountUser, type UserInfo } from '../api/user-info.ts';
import type { JsonObject } from '../store/json-value.ts';

/** How controllers act: through the same verbs, admission included, as everybody else. */
export interface InClusterClient {
  create(storage: string, namespace: string, object: JsonObject): Promise<JsonObject>;
  /** Changes the current state; `change` gives undefined to leave it. Objects that are gone are ignored. */
  update(
    storage: string,
    namespace: string,
    name: string,
    subresource: string,
    change: (object: JsonObject) => JsonObject | undefined,
  ): Promise<void>;
  /** Puts a pod on a node, as the scheduler does; admission sees a Binding. */
  bind(namespace: string, name: string, node: string): Promise<void>;
  /** Deletes an object unless it is gone. */
  remove(storage: string, namespace: string, name: string, options?: Partial<DeleteOptions>): Promise<void>;
}

class Unchanged extends Error {}

/** A client that acts as the controller's service account in kube-system. */
export function createInClusterClient(cluster: Cluster, controller: string, as?: UserInfo): InClusterClient {
  const user = as ?? serviceAccountUser('kube-system', controller);

  function requestFor(
    definition: ResourceDefinition,
    namespace: string,
    name: string,
    subresource = '',
  ): ResourceRequest {
    return {
      definition,
      subresource,
      namespace,
      name,
      query: new URLSearchParams(),
      user,
      userAgent: 'kube-controller-manager/v1.36.4',
      warn: () => {},
    };
  }

  function definitionOf(storage: string): ResourceDefinition {
    const [definition] = cluster.catalogue.ofStorage(storage);
    if (definition === undefined) {
      throw new Error(`no resource ${storage}`);
    }
    return definition;
  }

  return {
    async create(storage, namespace, object) {
      const { group, version } = parseApiVersion(String(object['apiVersion']));
      const definition = cluster.catalogue.findKind(group, version, String(object['kind'])) ?? definitionOf(storage);
      const answer = await createObject(
        cluster,
        requestFor(definition, namespace, ''),
        { kind: 'object', object },
        PLAIN_WRITE,
      );
      return answer.object;
    },
    async update(storage, namespace, name, subresource, change) {
      try {
        await changeObject(cluster, requestFor(definitionOf(storage), namespace, name, subresource), PLAIN_WRITE, {
          candidate(existing) {
            const object = change(existing);
            if (object === undefined) {
              throw new Unchanged();
            }
            return { object, tracked: false };
          },
        });
      } catch (error) {
        if (!(error instanceof Unchanged) && !isGone(error)) {
          throw error;
        }
      }
    },
    async bind(namespace, name, node) {
      const object = {
        metadata: { name, namespace },
        target: { kind: 'Node', name: node },
      };
      try {
        await bindPod(
          cluster,
          requestFor(definitionOf('pods'), namespace, name, 'binding'),
          { kind: 'object', object },
          PLAIN_WRITE,
        );
      } catch (error) {
        // Bound meanwhile is bound.
        if (!isGone(error) && !(error instanceof StatusError && error.code === 409)) {
          throw error;
        }
      }
    },
    async remove(storage, namespace, name, options = {}) {
      try {
        await deleteObject(cluster, requestFor(definitionOf(storage), namespace, name), {
          ...PLAIN_DELETE,
          ...options,
        });
      } catch (error) {
        if (!isGone(error)) {
          throw error;
        }
      }
    },
  };
}

function isGone(error: unknown): boolean {
  return error instanceof StatusError && error.code === 404;
}
