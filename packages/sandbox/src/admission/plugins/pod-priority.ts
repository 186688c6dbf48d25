import type { Cluster } from '../../api/cluster.ts';
import { forbidden } from '../../api/status-error.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { memberAt, numberAt, objectAt, stringAt } from '../../store/json-value.ts';
import type { AdmissionPlugin } from '../admission-plugin.ts';
import { isFor } from '../admission-plugin.ts';

const CLASSES = 'priorityclasses.scheduling.k8s.io';

/** Turns the priority class of a pod into its number. */
export function podPriority(cluster: Cluster): AdmissionPlugin {
  return {
    name: 'Priority',
    mutate(attributes) {
      const { object } = attributes;
      if (object === undefined || !isFor(attributes, 'pods', 'CREATE')) {
        return object;
      }
      const spec = objectAt(object, 'spec') ?? {};
      const wanted = stringAt(spec, 'priorityClassName');
      const found = wanted === '' ? defaultClass(cluster) : cluster.store.get(CLASSES, '', wanted)?.object;
      if (wanted !== '' && found === undefined) {
        throw forbidden(
          { group: '', plural: 'pods' },
          attributes.name,
          `no PriorityClass with name ${wanted} was found`,
        );
      }
      const policy = stringAt(found, 'preemptionPolicy') || 'PreemptLowerPriority';
      const name = wanted === '' ? stringAt(objectAt(found, 'metadata'), 'name') : wanted;
      return {
        ...object,
        spec: {
          ...spec,
          ...(name === '' ? {} : { priorityClassName: name }),
          priority: numberAt(found, 'value') ?? 0,
          preemptionPolicy: spec['preemptionPolicy'] ?? policy,
        },
      };
    },
  };
}

function defaultClass(cluster: Cluster): JsonObject | undefined {
  return cluster.store.list(CLASSES).find(({ object }) => memberAt(object, 'globalDefault') === true)?.object;
}
