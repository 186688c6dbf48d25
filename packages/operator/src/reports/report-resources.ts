import type { ReportGroup } from '@vouchsafe/engine/report';
import { type GroupVersionResource, ignoreNotFound, type KubeClient } from '@vouchsafe/kube';
import { type Logger, messageOf } from '../settings/logger.ts';

interface Resources {
  readonly namespaced: GroupVersionResource;
  readonly cluster: GroupVersionResource;
}

/** Where reports of a group are written. */
export const REPORT_RESOURCES: Readonly<Record<ReportGroup, Resources>> = {
  'wgpolicyk8s.io': resourcesOf('wgpolicyk8s.io', 'v1alpha2', 'policyreports'),
  'openreports.io': resourcesOf('openreports.io', 'v1alpha1', 'reports'),
};
const MANAGED = 'app.kubernetes.io/managed-by=kyverno';

function resourcesOf(group: ReportGroup, version: string, resource: string): Resources {
  return { namespaced: { group, version, resource }, cluster: { group, version, resource: `cluster${resource}` } };
}

/**
 * Before the first report: warns of definitions that are not there, where Kyverno's controller would not start; and with
 * `openreports.io`, deletes what was reported in the other group, as Kyverno's init container does. Never rejects.
 */
export async function prepareReports(client: KubeClient, group: ReportGroup, log: Logger): Promise<void> {
  try {
    const served = await client.discovery.resources();
    const isServed = (wanted: GroupVersionResource) =>
      served.some(({ group, resource }) => group === wanted.group && resource === wanted.resource);
    const missing = Object.values(REPORT_RESOURCES[group]).filter((resource) => !isServed(resource));
    if (missing.length > 0) {
      const definitions = missing.map(({ resource }) => `${resource}.${group}`);
      log.warn(
        { definitions: definitions.join(', ') },
        'reports cannot be written: these definitions are not installed',
      );
    }
    if (group === 'wgpolicyk8s.io') return;
    for (const resource of Object.values(REPORT_RESOURCES['wgpolicyk8s.io']).filter(isServed)) {
      await deleteOwn(client, resource, log);
    }
  } catch (error) {
    log.warn({ error: messageOf(error) }, 'the definitions of reports were not looked at');
  }
}

async function deleteOwn(client: KubeClient, resource: GroupVersionResource, log: Logger): Promise<void> {
  const { items } = await client.list(resource, { labelSelector: MANAGED, metadataOnly: true });
  for (const { metadata } of items) {
    const { name = '', namespace } = metadata;
    await ignoreNotFound(client.delete(resource, { name, ...(namespace ? { namespace } : {}) })).catch((error) => {
      log.warn({ report: name, namespace, error: messageOf(error) }, 'a report of wgpolicyk8s.io was not deleted');
    });
  }
}
