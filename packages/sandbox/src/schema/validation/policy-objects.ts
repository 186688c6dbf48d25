import { parseQuantity } from '@vouchsafe/cel/quantity';
import { arrayMember, type JsonObject, type JsonValue, member, memberAt, stringMember } from '../json/json-value.ts';
import { forbiddenCause, invalidCause, notSupportedCause, requiredCause } from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { nonNegative, selectorCauses } from './field-rules.ts';
import { shareCauses, shareValue } from './workload.ts';

/** Problems of a PodDisruptionBudget. */
export function validateDisruptionBudget(budget: JsonObject): StatusCause[] {
  const spec = member(budget, 'spec');
  const causes: StatusCause[] = [];
  const given = ['minAvailable', 'maxUnavailable'].filter((field) => (member(spec, field) ?? null) !== null);
  if (given.length === 2) {
    const shown = { MinAvailable: null, Selector: null, MaxUnavailable: null, UnhealthyPodEvictionPolicy: null };
    causes.push(
      invalidCause(
        'spec',
        {
          ...shown,
          MinAvailable: member(spec, 'minAvailable') ?? null,
          Selector: member(spec, 'selector') ?? null,
          MaxUnavailable: member(spec, 'maxUnavailable') ?? null,
        },
        'minAvailable and maxUnavailable cannot be both set',
      ),
    );
  }
  for (const field of given) {
    const value = member(spec, field) ?? null;
    const path = `spec.${field}`;
    causes.push(...shareCauses(path, value));
    if (typeof value === 'string' && shareValue(value) > 100) {
      causes.push(invalidCause(path, value, 'must not be greater than 100%'));
    }
  }
  return [...causes, ...selectorCauses(member(spec, 'selector'), 'spec.selector')];
}

/** Problems of a HorizontalPodAutoscaler. */
export function validateAutoscaler(scaler: JsonObject): StatusCause[] {
  const spec = member(scaler, 'spec');
  const minimum = member(spec, 'minReplicas');
  const maximum = member(spec, 'maxReplicas') ?? 0;
  const causes: StatusCause[] = [];
  if (typeof minimum === 'number' && minimum < 1) {
    causes.push(invalidCause('spec.minReplicas', minimum, 'must be greater than or equal to 1'));
  }
  if (maximum === 0) causes.push(requiredCause('spec.maxReplicas', 'must be set and greater than 0'));
  else if (typeof maximum === 'number' && maximum < 0) {
    causes.push(invalidCause('spec.maxReplicas', maximum, 'must be greater than or equal to 1'));
  }
  if (typeof minimum === 'number' && typeof maximum === 'number' && maximum < minimum) {
    causes.push(invalidCause('spec.maxReplicas', maximum, 'must be greater than or equal to `minReplicas`'));
  }
  for (const field of ['kind', 'name']) {
    if (stringMember(member(spec, 'scaleTargetRef'), field) === '')
      causes.push(requiredCause(`spec.scaleTargetRef.${field}`));
  }
  return causes;
}

/** Problems of a NetworkPolicy. */
export function validateNetworkPolicy(policy: JsonObject): StatusCause[] {
  const spec = member(policy, 'spec');
  const causes = selectorCauses(member(spec, 'podSelector'), 'spec.podSelector');
  for (const [direction, peers] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    for (const [index, rule] of arrayMember(spec, direction).entries()) {
      for (const [place, peer] of arrayMember(rule, peers).entries()) {
        causes.push(...peerCauses(peer, `spec.${direction}[${index}].${peers}[${place}]`));
      }
    }
  }
  for (const [index, type] of arrayMember(spec, 'policyTypes').entries()) {
    if (type !== 'Ingress' && type !== 'Egress') {
      causes.push(notSupportedCause(`spec.policyTypes[${index}]`, type, ['Egress', 'Ingress']));
    }
  }
  return causes;
}

function peerCauses(peer: JsonValue, path: string): StatusCause[] {
  const isGiven = (field: string) => (member(peer, field) ?? null) !== null;
  const causes: StatusCause[] = [];
  for (const field of ['podSelector', 'namespaceSelector']) {
    causes.push(...selectorCauses(member(peer, field), `${path}.${field}`));
  }
  const hasSelector = isGiven('podSelector') || isGiven('namespaceSelector');
  if (!hasSelector && !isGiven('ipBlock')) causes.push(requiredCause(path, 'must specify a peer'));
  if (hasSelector && isGiven('ipBlock')) {
    causes.push(forbiddenCause(path, 'may not specify both ipBlock and another peer'));
  }
  return causes;
}

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** Problems of a PersistentVolumeClaim. */
export function validateClaim(claim: JsonObject, old: JsonObject | undefined): StatusCause[] {
  const spec = member(claim, 'spec');
  const modes = arrayMember(spec, 'accessModes');
  const causes: StatusCause[] = [];
  if (modes.length === 0) causes.push(requiredCause('spec.accessModes', 'at least 1 access mode is required'));
  for (const mode of modes) {
    if (typeof mode === 'string' && !ACCESS_MODES.includes(mode)) {
      causes.push(notSupportedCause('spec.accessModes', mode, ACCESS_MODES));
    }
  }
  const storage = memberAt(spec, 'resources', 'requests', 'storage');
  const quantity = typeof storage === 'string' ? parseQuantity(storage) : undefined;
  if (storage === undefined) causes.push(requiredCause('spec.resources[storage]'));
  else if (quantity !== undefined && quantity.unscaled <= 0n) {
    causes.push(invalidCause('spec.resources[storage]', storage, 'must be greater than zero'));
  }
  if (old !== undefined && (member(old, 'spec') ?? null) !== null)
    causes.push(...claimChanges(spec, member(old, 'spec')));
  return causes;
}

const FIXED_CLAIM_FIELDS = ['accessModes', 'storageClassName', 'volumeName', 'volumeMode', 'selector', 'dataSource'];

function claimChanges(spec: JsonValue | undefined, old: JsonValue | undefined): StatusCause[] {
  const isBound = stringMember(old, 'volumeName') !== '';
  const changed = FIXED_CLAIM_FIELDS.filter((field) => {
    if (field === 'volumeName' && !isBound) return false;
    return JSON.stringify(member(spec, field) ?? null) !== JSON.stringify(member(old, field) ?? null);
  });
  if (changed.length === 0) return [];
  const detail = `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${changed
    .map((field) => `  spec.${field}`)
    .join('\n')}`;
  return [forbiddenCause('spec', detail)];
}

/** Problems of a PriorityClass change: its value never changes. */
export function validatePriorityClass(priority: JsonObject, old: JsonObject | undefined): StatusCause[] {
  if (old === undefined || (member(priority, 'value') ?? 0) === (member(old, 'value') ?? 0)) return [];
  return [forbiddenCause('value', 'may not be changed in an update.')];
}

/** Problems of a ReplicationController or anything else that only counts. */
export function validateReplicas(object: JsonObject): StatusCause[] {
  return nonNegative('spec.replicas', memberAt(object, 'spec', 'replicas'));
}
