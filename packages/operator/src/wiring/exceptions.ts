import type { Informer, KubeClient } from '@vouchsafe/kube';
import { startInformer } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';
import { createExceptionStore, type ExceptionStore } from '../store/exception-store.ts';

/** The PolicyExceptions of the cluster, followed once started. */
export interface Exceptions {
  readonly naming: ExceptionStore['naming'];
  /** Begins to follow them; told the keys of the policies to compile again. */
  start(onChange: (policyKeys: readonly string[]) => void): void;
  /** Resolves when those that exist are known; at once when none are followed. */
  readonly synced: Promise<unknown>;
  stop(): Promise<void>;
}

const EXCEPTIONS = { group: 'kyverno.io', version: 'v2', resource: 'policyexceptions' } as const;

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
  let informer: Informer | undefined;
  return {
    naming: store.naming,
    start(onChange) {
      if (!enablePolicyException || namespace === '') {
        synced.resolve(true);
        return;
      }
      informer = startInformer({
        client,
        gvr: EXCEPTIONS,
        ...(namespace === '*' ? {} : { namespace }),
        onChange: ({ type, object }) =>
          onChange(type === 'deleted' ? store.remove(jsonOf(object)) : store.upsert(jsonOf(object))),
        onError: (error) =>
          log.warn({ resource: EXCEPTIONS.resource, error: messageOf(error) }, 'watching failed; it goes on'),
      });
      synced.resolve(informer.synced);
    },
    synced: synced.promise,
    stop: async () => informer?.stop(),
  };
}
