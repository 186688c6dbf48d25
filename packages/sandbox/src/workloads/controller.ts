import type { Cluster } from '../api/cluster.ts';
import type { StoreEvent } from '../store/resource-store.ts';
import { createWorkLoop, type WorkLoop } from './work-loop.ts';

/** A running controller. */
export interface Controller {
  stop(): void;
}

/** What one controller does. */
export interface ControllerPlan {
  /** Storages it follows. */
  readonly storages: readonly string[];
  /** Keys to work on after a change. */
  keys(event: StoreEvent): Iterable<string>;
  /** Brings one key into its wanted state. Called again until it succeeds. */
  reconcile(key: string, loop: WorkLoop): Promise<void>;
}

/** Starts a controller: works on everything that exists, then on everything that changes. */
export function startController(cluster: Cluster, plan: ControllerPlan, onError: (error: unknown) => void): Controller {
  const loop: WorkLoop = createWorkLoop((key) => plan.reconcile(key, loop), onError);
  const subscriptions = plan.storages.map((storage) => {
    for (const current of cluster.store.list(storage)) {
      for (const key of plan.keys({ type: 'ADDED', current, previous: undefined, revision: current.revision })) {
        loop.add(key);
      }
    }
    return cluster.store.subscribe(storage, (event) => {
      for (const key of plan.keys(event)) {
        loop.add(key);
      }
    });
  });
  return {
    stop() {
      for (const subscription of subscriptions) {
        subscription.stop();
      }
      loop.stop();
    },
  };
}

/** `namespace/name` of an object. */
export function keyOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}

/** Takes a key apart. */
export function splitKey(key: string): readonly [namespace: string, name: string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}
