import { objectAt, stringAt } from '../store/json-value.ts';
import type { ResourceStore } from '../store/resource-store.ts';

/** Finds where on this machine a Service's backend listens. */
export interface ServiceResolver {
  /** `namespace/name:port` → port on 127.0.0.1; returns the removal of the route. */
  register(service: string, port: number): () => void;
  /** The loopback port, or undefined when nobody registered the service. */
  resolve(namespace: string, name: string, port: number): number | undefined;
}

/** Annotation of a Service whose backend listens on a port of 127.0.0.1: the way in for other processes. */
const LOOPBACK_PORT = 'sandbox.vouchsafe.dev/loopback-port';

/** Creates a table of routes; what is not in it is looked up in the Service's own annotation. */
export function createServiceResolver(store?: ResourceStore): ServiceResolver {
  const routes = new Map<string, number>();
  return {
    register(service, port) {
      const key = /:\d+$/.test(service) ? service : `${service}:443`;
      routes.set(key, port);
      return () => {
        if (routes.get(key) === port) {
          routes.delete(key);
        }
      };
    },
    resolve: (namespace, name, port) =>
      routes.get(`${namespace}/${name}:${port}`) ?? annotatedPort(store, namespace, name),
  };
}

function annotatedPort(store: ResourceStore | undefined, namespace: string, name: string): number | undefined {
  const metadata = objectAt(store?.get('services', namespace, name)?.object, 'metadata');
  const text = stringAt(objectAt(metadata, 'annotations'), LOOPBACK_PORT);
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port > 0 && port < 65_536 ? port : undefined;
}
