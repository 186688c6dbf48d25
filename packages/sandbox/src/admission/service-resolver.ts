/** Finds where on this machine a Service's backend listens. */
export interface ServiceResolver {
  /** `namespace/name:port` → port on 127.0.0.1; returns the removal of the route. */
  register(service: string, port: number): () => void;
  /** The loopback port, or undefined when nobody registered the service. */
  resolve(namespace: string, name: string, port: number): number | undefined;
}

/** Creates an empty table of routes. */
export function createServiceResolver(): ServiceResolver {
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
    resolve: (namespace, name, port) => routes.get(`${namespace}/${name}:${port}`),
  };
}
