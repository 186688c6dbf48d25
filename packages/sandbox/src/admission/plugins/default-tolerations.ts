import type { JsonObject } from '../../store/json-value.ts';
import { objectAt, objectsAt, stringAt } from '../../store/json-value.ts';
import type { AdmissionPlugin } from '../admission-plugin.ts';
import { isFor } from '../admission-plugin.ts';

const SECONDS = 300;
const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/** Pods stay five minutes on a node that went away. */
export function defaultTolerations(): AdmissionPlugin {
  return {
    name: 'DefaultTolerationSeconds',
    mutate(attributes) {
      const { object } = attributes;
      if (object === undefined || !isFor(attributes, 'pods', 'CREATE')) {
        return object;
      }
      const spec = objectAt(object, 'spec') ?? {};
      const tolerations = objectsAt(spec, 'tolerations');
      const missing = KEYS.filter((key) => !tolerations.some((toleration) => tolerates(toleration, key)));
      const added = missing.map((key) => ({
        key,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: SECONDS,
      }));
      return added.length === 0 ? object : { ...object, spec: { ...spec, tolerations: [...tolerations, ...added] } };
    },
  };
}

function tolerates(toleration: JsonObject, key: string): boolean {
  const keyOf = stringAt(toleration, 'key');
  const effect = stringAt(toleration, 'effect');
  return (keyOf === key || keyOf === '') && (effect === 'NoExecute' || effect === '');
}
