import { type KubeClient, reviewSelfSubjectAccess } from '@vouchsafe/kube';
import type { CanI } from '../admission/permission-diagnostics.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';

/** Who lists and deletes for cleanups and lifetimes: the account of `--cleanupServiceAccountName`, or the operator itself. */
export function createCleaner(
  client: KubeClient,
  settings: Pick<OperatorSettings, 'cleanupServiceAccountName'>,
): KubeClient {
  const username = settings.cleanupServiceAccountName;
  // Without groups, the API server gives an account those of its own.
  return username === '' ? client : client.impersonate({ username });
}

/** What we may do for a policy: one that cleans up is carried out by the cleaner. */
export function createOwnRights(client: KubeClient, cleaner: KubeClient): CanI {
  return async (attributes, family) =>
    (await reviewSelfSubjectAccess(family === 'cleanup' ? cleaner : client, attributes)).allowed;
}
