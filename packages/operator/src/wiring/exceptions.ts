import type { KubeClient } from '@vouchsafe/kube';
import type { Logger } from '../settings/logger.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';
import { createExceptionStore, type ExceptionStore, type IsNamed } from '../store/exception-store.ts';
import { type Followed, followObjects } from './cluster-view.ts';

/** The PolicyExceptions of the cluster, followed once started. */
export interface Exceptions {
  readonly naming: ExceptionStore['naming'];
  /** Begins to follow them; told which policies to compile again. */
  start(onChange: (isNamed: IsNamed) => void): void;
  /** Resolves when those that exist are known; at once when none are followed. */
  readonly synced: Promise<unknown>;
  stop(): Promise<void>;
}

const EXCEPTIONS = [
  { group: 'kyverno.io', version: 'v2', resource: 'policyexceptions' },
  { group: 'policies.kyverno.io', version: 'v1', resource: 'policyexceptions' },
] as const;

/**
 * Follows PolicyExceptions with `--enablePolicyException`, in the namespace of `--exceptionNamespace` (`*`: in all; empty:
 * none), as Kyverno does.
 */
export function createExceptions(client: KubeClient, settings: OperatorSettings, log: Logger): Exceptions {
  const { enablePolicyException, exceptionNamespace: namespace } = settings;
  const store = createExceptionStore({
    onProblem: (exception, [first]) =>
      log.warn({ exception, problem: first?.message, path: first?.path }, 'an exception is not in force'),
  });
  const synced = Promise.withResolvers<unknown>();
  let informers: readonly Followed[] = [];
  return {
    naming: store.naming,
    start(onChange) {
      if (!enablePolicyException || namespace === '') {
        synced.resolve(true);
        return;
      }
      const tell = (isNamed: IsNamed | undefined): void => {
        if (isNamed) onChange(isNamed);
      };
      informers = EXCEPTIONS.map((gvr) =>
        followObjects(client, gvr, log, {
          upsert: (object) => tell(store.upsert(object)),
          remove: (object) => tell(store.remove(object)),
          isOptional: gvr.group === 'policies.kyverno.io',
          namespace: namespace === '*' ? undefined : namespace,
        }),
      );
      synced.resolve(Promise.all(informers.map((informer) => informer.synced)));
    },
    synced: synced.promise,
    stop: async () => void (await Promise.all(informers.map((informer) => informer.stop()))),
  };
}
