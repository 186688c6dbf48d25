import type { Cluster } from '../api/cluster.ts';
import { timestamp } from '../api/object-metadata.ts';
import { LOOPBACK_USER } from '../api/user-info.ts';
import type { JsonObject } from '../store/json-value.ts';
import { numberAt, objectAt, stringAt } from '../store/json-value.ts';
import { createInClusterClient } from './in-cluster-client.ts';

const MESSAGE_LIMIT = 1024;

/** Writes Events about objects; an event said again counts up instead. */
export interface EventRecorder {
  record(object: JsonObject, type: 'Normal' | 'Warning', reason: string, message: string): Promise<void>;
}

/** Creates the recorder of one component. */
export function createEventRecorder(cluster: Cluster, component: string): EventRecorder {
  const client = createInClusterClient(cluster, component, LOOPBACK_USER);
  const known = new Map<string, string>();

  return {
    async record(object, type, reason, message) {
      const metadata = objectAt(object, 'metadata');
      const namespace = stringAt(metadata, 'namespace') || 'default';
      const text = message.length > MESSAGE_LIMIT ? `${message.slice(0, MESSAGE_LIMIT - 3)}...` : message;
      const identity = `${stringAt(metadata, 'uid')} ${type} ${reason} ${text}`;
      const now = timestamp(cluster.now());
      const before = known.get(identity);
      if (before !== undefined && cluster.store.get('events', namespace, before) !== undefined) {
        await client.update('events', namespace, before, '', (event) => ({
          ...event,
          count: (numberAt(event, 'count') ?? 1) + 1,
          lastTimestamp: now,
        }));
        return;
      }
      const name = `${stringAt(metadata, 'name')}.${eventSuffix()}`;
      known.set(identity, name);
      await client.create('events', namespace, {
        kind: 'Event',
        apiVersion: 'v1',
        metadata: { name, namespace },
        involvedObject: {
          kind: stringAt(object, 'kind'),
          namespace: stringAt(metadata, 'namespace'),
          name: stringAt(metadata, 'name'),
          uid: stringAt(metadata, 'uid'),
          apiVersion: stringAt(object, 'apiVersion'),
          resourceVersion: stringAt(metadata, 'resourceVersion'),
        },
        reason,
        message: text,
        source: { component },
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
        type,
        reportingComponent: component,
        reportingInstance: '',
      });
    },
  };
}

function eventSuffix(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
