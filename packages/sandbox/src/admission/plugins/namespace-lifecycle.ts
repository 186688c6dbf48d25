import type { AdmissionAttributes } from '../../api/admission-port.ts';
import type { Cluster } from '../../api/cluster.ts';
import { isTerminating } from '../../api/object-metadata.ts';
import { forbidden, notFound } from '../../api/status-error.ts';
import type { AdmissionPlugin } from '../admission-plugin.ts';
import { isFor } from '../admission-plugin.ts';

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);

/** Objects go into existing namespaces only; the first namespaces stay. */
export function namespaceLifecycle(cluster: Cluster): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    mutate(attributes) {
      if (isFor(attributes, 'namespaces', 'DELETE') && IMMORTAL.has(attributes.name)) {
        throw forbidden({ group: '', plural: 'namespaces' }, attributes.name, 'this namespace may not be deleted');
      }
      if (attributes.operation === 'CREATE' && attributes.definition.namespaced && attributes.subresource === '') {
        checkNamespace(cluster, attributes);
      }
      return attributes.object;
    },
  };
}

function checkNamespace(cluster: Cluster, attributes: AdmissionAttributes): void {
  const { definition, namespace, name } = attributes;
  const stored = cluster.store.get('namespaces', '', namespace);
  if (stored === undefined) {
    throw notFound({ group: '', plural: 'namespaces' }, namespace);
  }
  if (isTerminating(stored.object)) {
    throw forbidden(
      definition,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    );
  }
}
