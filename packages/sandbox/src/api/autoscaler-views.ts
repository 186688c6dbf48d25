import type { JsonObject } from '../store/json-value.ts';
import { memberAt, numberAt, objectAt, objectsAt, stringAt, withPath } from '../store/json-value.ts';

/** The autoscaling/v1 view of a stored (v2) autoscaler: one CPU utilisation target. */
export function autoscalerToV1(object: JsonObject): JsonObject {
  const spec = objectAt(object, 'spec') ?? {};
  const { metrics: _metrics, behavior: _behavior, ...rest } = spec;
  const target = cpuTarget(spec);
  const status = objectAt(object, 'status') ?? {};
  const { currentMetrics: _current, conditions: _conditions, ...plainStatus } = status;
  return {
    ...object,
    apiVersion: 'autoscaling/v1',
    spec: { ...rest, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status: { currentReplicas: 0, desiredReplicas: 0, ...plainStatus },
  };
}

function cpuTarget(spec: JsonObject): number | undefined {
  for (const metric of objectsAt(spec, 'metrics')) {
    const resource = objectAt(metric, 'resource');
    if (stringAt(metric, 'type') === 'Resource' && stringAt(resource, 'name') === 'cpu') {
      return numberAt(objectAt(resource, 'target'), 'averageUtilization');
    }
  }
  return undefined;
}

/** The stored (v2) form of an autoscaling/v1 autoscaler. */
export function autoscalerToV2(object: JsonObject): JsonObject {
  const spec = objectAt(object, 'spec') ?? {};
  const target = memberAt(spec, 'targetCPUUtilizationPercentage');
  const plain = withPath(
    { ...object, apiVersion: 'autoscaling/v2' },
    ['spec', 'targetCPUUtilizationPercentage'],
    undefined,
  );
  if (typeof target !== 'number') {
    return plain;
  }
  const metric = {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } },
  };
  return withPath(plain, ['spec', 'metrics'], [metric]);
}
