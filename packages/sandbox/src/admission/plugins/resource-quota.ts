import { compareQuantities, parseQuantity } from '@vouchsafe/cel/quantity';
import type { Cluster } from '../../api/cluster.ts';
import { podResourceOf, sumOf, usageOf, usedBy } from '../../api/quota-usage.ts';
import { forbidden } from '../../api/status-error.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { objectAt, objectsAt, stringAt } from '../../store/json-value.ts';
import type { AdmissionPlugin } from '../admission-plugin.ts';

/** Refuses what would exceed a quota of the namespace. Runs last, on the object as it will be stored. */
export function resourceQuota(cluster: Cluster): AdmissionPlugin {
  return {
    name: 'ResourceQuota',
    validate(attributes) {
      const { object, operation, subresource, definition, namespace, name } = attributes;
      if (object === undefined || operation !== 'CREATE' || subresource !== '' || namespace === '') {
        return;
      }
      for (const quota of cluster.store.list('resourcequotas', namespace)) {
        const hard = objectAt(objectAt(quota.object, 'spec'), 'hard') ?? {};
        const problem =
          missingResources(definition.storage, object, hard) ??
          exceeded(cluster, definition.storage, namespace, object, hard);
        if (problem !== undefined) {
          const [verb, text] = problem;
          throw forbidden(definition, name, `${verb} quota: ${quota.name}${text}`);
        }
      }
    },
  };
}

type Problem = readonly [verb: 'failed' | 'exceeded', text: string];

/** A quota on a compute resource obliges every container to state it. */
function missingResources(storage: string, object: JsonObject, hard: JsonObject): Problem | undefined {
  if (storage !== 'pods') {
    return undefined;
  }
  const texts: string[] = [];
  for (const name of Object.keys(hard).sort()) {
    const wanted = podResourceOf(name);
    if (wanted === undefined) {
      continue;
    }
    const without = objectsAt(objectAt(object, 'spec'), 'containers')
      .filter((container) => objectAt(objectAt(container, 'resources'), wanted.side)?.[wanted.resource] === undefined)
      .map((container) => stringAt(container, 'name'));
    if (without.length > 0) {
      texts.push(`${name} for: ${without.join(',')}`);
    }
  }
  return texts.length === 0 ? undefined : ['failed', `: must specify ${texts.join('; ')}`];
}

function exceeded(
  cluster: Cluster,
  storage: string,
  namespace: string,
  object: JsonObject,
  hard: JsonObject,
): Problem | undefined {
  const asked: JsonObject = {};
  for (const name of Object.keys(hard).sort()) {
    const amount = usageOf(storage, object, name);
    if (amount !== undefined) {
      asked[name] = amount;
    }
  }
  if (Object.keys(asked).length === 0) {
    return undefined;
  }
  const used = usedBy(cluster.store, namespace, asked);
  const over = Object.keys(asked).filter((name) =>
    isMore(sumOf([String(used[name]), String(asked[name])]), String(hard[name])),
  );
  if (over.length === 0) {
    return undefined;
  }
  const list = (amounts: JsonObject): string => over.map((name) => `${name}=${String(amounts[name])}`).join(',');
  return ['exceeded', `, requested: ${list(asked)}, used: ${list(used)}, limited: ${list(hard)}`];
}

function isMore(left: string, right: string): boolean {
  const leftQuantity = parseQuantity(left);
  const rightQuantity = parseQuantity(right);
  return (
    leftQuantity !== undefined && rightQuantity !== undefined && compareQuantities(leftQuantity, rightQuantity) > 0
  );
}
