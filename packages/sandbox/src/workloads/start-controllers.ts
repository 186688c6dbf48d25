import type { Cluster } from '../api/cluster.ts';

/** Starts the controllers. */
export function startControllers(_cluster: Cluster, _onError: (error: unknown) => void): { stop(): void } {
  return { stop: () => {} };
}
