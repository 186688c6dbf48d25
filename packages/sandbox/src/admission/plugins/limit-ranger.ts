import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
} from '@vouchsafe/cel/quantity';
import type { AdmissionAttributes } from '../../api/admission-port.ts';
import type { Cluster } from '../../api/cluster.ts';
import { withMetadata } from '../../api/object-metadata.ts';
import { forbidden } from '../../api/status-error.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { objectAt, objectsAt, stringAt } from '../../store/json-value.ts';
import type { AdmissionPlugin } from '../admission-plugin.ts';
import { isFor } from '../admission-plugin.ts';

const ANNOTATION = 'kubernetes.io/limit-ranger';
type Side = 'requests' | 'limits';

/** Fills requests and limits of containers from the namespace's LimitRanges; holds pods and claims to them. */
export function limitRanger(cluster: Cluster): AdmissionPlugin {
  const itemsOf = (namespace: string): JsonObject[] =>
    cluster.store.list('limitranges', namespace).flatMap(({ object }) => objectsAt(objectAt(object, 'spec'), 'limits'));

  return {
    name: 'LimitRanger',
    mutate(attributes) {
      const { object, namespace } = attributes;
      if (object === undefined || !isFor(attributes, 'pods', 'CREATE')) {
        return object;
      }
      const containerItems = itemsOf(namespace).filter((item) => item['type'] === 'Container');
      return containerItems.reduce(withDefaults, object);
    },
    validate(attributes) {
      const { object } = attributes;
      if (object === undefined) {
        return;
      }
      const problems = problemsOf(attributes, object, itemsOf(attributes.namespace));
      if (problems.length > 0) {
        const text = problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`;
        throw forbidden(attributes.definition, attributes.name, text);
      }
    },
  };
}

function problemsOf(attributes: AdmissionAttributes, object: JsonObject, items: readonly JsonObject[]): string[] {
  if (items.length === 0) {
    return [];
  }
  if (isFor(attributes, 'pods', 'CREATE')) {
    return items.flatMap((item) => podProblems(item, object));
  }
  if (isFor(attributes, 'persistentvolumeclaims', 'CREATE', 'UPDATE')) {
    const resources = objectAt(objectAt(object, 'spec'), 'resources');
    const claims = items.filter((item) => item['type'] === 'PersistentVolumeClaim');
    return claims.flatMap((item) => boundProblems(item, 'PersistentVolumeClaim', resources));
  }
  return [];
}

function withDefaults(pod: JsonObject, item: JsonObject): JsonObject {
  const spec = objectAt(pod, 'spec') ?? {};
  const notes: string[] = [];
  const fill = (container: JsonObject, type: string): JsonObject => {
    const resources = objectAt(container, 'resources') ?? {};
    const name = stringAt(container, 'name');
    const filled: JsonObject = { ...resources };
    for (const [side, source, word] of [
      ['limits', 'default', 'limit'],
      ['requests', 'defaultRequest', 'request'],
    ] as const) {
      const own = objectAt(resources, side) ?? {};
      const given = objectAt(item, source) ?? {};
      const added = Object.keys(given)
        .filter((key) => own[key] === undefined)
        .sort();
      if (added.length > 0) {
        filled[side] = { ...given, ...own };
        notes.push(`${added.join(', ')} ${word} for ${type} ${name}`);
      }
    }
    return { ...container, resources: filled };
  };
  const initContainers = objectsAt(spec, 'initContainers').map((container) => fill(container, 'init container'));
  const containers = objectsAt(spec, 'containers').map((container) => fill(container, 'container'));
  if (notes.length === 0) {
    return pod;
  }
  const annotations = {
    ...objectAt(objectAt(pod, 'metadata'), 'annotations'),
    [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}`,
  };
  const filledSpec = { ...spec, containers, ...(initContainers.length === 0 ? {} : { initContainers }) };
  return { ...withMetadata(pod, { annotations }, false), spec: filledSpec };
}

function podProblems(item: JsonObject, pod: JsonObject): string[] {
  const spec = objectAt(pod, 'spec');
  const containers = [...objectsAt(spec, 'containers'), ...objectsAt(spec, 'initContainers')];
  switch (item['type']) {
    case 'Container':
      return containers.flatMap((container) => boundProblems(item, 'Container', objectAt(container, 'resources')));
    case 'Pod':
      return boundProblems(item, 'Pod', {
        requests: total(objectsAt(spec, 'containers'), 'requests'),
        limits: total(objectsAt(spec, 'containers'), 'limits'),
      });
    default:
      return [];
  }
}

function total(containers: readonly JsonObject[], side: Side): JsonObject {
  const sums: JsonObject = {};
  for (const container of containers) {
    for (const [key, value] of Object.entries(objectAt(objectAt(container, 'resources'), side) ?? {})) {
      const amount = parseQuantity(String(value));
      const before = parseQuantity(String(sums[key] ?? '0'));
      if (amount !== undefined && before !== undefined) {
        sums[key] = formatQuantity(addQuantities(before, amount));
      }
    }
  }
  return sums;
}

function boundProblems(item: JsonObject, type: string, resources: JsonObject | undefined): string[] {
  const problems: string[] = [];
  const requests = objectAt(resources, 'requests') ?? {};
  const limits = objectAt(resources, 'limits') ?? {};
  for (const [key, bound] of Object.entries(objectAt(item, 'min') ?? {})) {
    const wanted = String(bound);
    const request = requests[key];
    const limit = limits[key];
    if (request === undefined && type !== 'PersistentVolumeClaim') {
      problems.push(`minimum ${key} usage per ${type} is ${wanted}.  No request is specified`);
    } else if (isLess(request, wanted)) {
      problems.push(`minimum ${key} usage per ${type} is ${wanted}, but request is ${String(request)}`);
    } else if (limit !== undefined && isLess(limit, wanted)) {
      problems.push(`minimum ${key} usage per ${type} is ${wanted}, but limit is ${String(limit)}`);
    }
  }
  for (const [key, bound] of Object.entries(objectAt(item, 'max') ?? {})) {
    const wanted = String(bound);
    const limit = limits[key];
    const request = requests[key];
    if (limit === undefined && type !== 'PersistentVolumeClaim') {
      problems.push(`maximum ${key} usage per ${type} is ${wanted}.  No limit is specified`);
    } else if (limit !== undefined && isLess(wanted, limit)) {
      problems.push(`maximum ${key} usage per ${type} is ${wanted}, but limit is ${String(limit)}`);
    } else if (request !== undefined && isLess(wanted, request)) {
      problems.push(`maximum ${key} usage per ${type} is ${wanted}, but request is ${String(request)}`);
    }
  }
  return [...problems, ...ratioProblems(item, type, requests, limits)];
}

function ratioProblems(item: JsonObject, type: string, requests: JsonObject, limits: JsonObject): string[] {
  const problems: string[] = [];
  for (const [key, bound] of Object.entries(objectAt(item, 'maxLimitRequestRatio') ?? {})) {
    const request = Number(asNumber(requests[key]));
    const limit = Number(asNumber(limits[key]));
    const wanted = asNumber(bound);
    if (!(request > 0) || !(limit > 0)) {
      problems.push(
        `${key} max limit to request ratio per ${type} is ${String(bound)}, but no ${request > 0 ? 'limit' : 'request'} is specified or ${request > 0 ? 'limit' : 'request'} is 0`,
      );
    } else if (limit / request > wanted) {
      problems.push(
        `${key} max limit to request ratio per ${type} is ${String(bound)}, but provided ratio is ${(limit / request).toFixed(6)}`,
      );
    }
  }
  return problems;
}

function asNumber(value: unknown): number {
  const quantity = quantityOf(value);
  return quantity === undefined ? 0 : Number(quantity.unscaled) * 10 ** -quantity.scale;
}

function quantityOf(value: unknown): Quantity | undefined {
  return value === undefined ? undefined : parseQuantity(String(value));
}

function isLess(left: unknown, right: unknown): boolean {
  const leftQuantity = quantityOf(left);
  const rightQuantity = quantityOf(right);
  return (
    leftQuantity !== undefined && rightQuantity !== undefined && compareQuantities(leftQuantity, rightQuantity) < 0
  );
}
