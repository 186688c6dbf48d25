import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { KubernetesObject } from '@vouchsafe/kube';

/** An object of the API server as plain JSON, which it is: it came from a JSON parser. */
export function jsonOf(object: KubernetesObject): JsonObject {
  return object as unknown as JsonObject; // the client types members as unknown until looked at
}
