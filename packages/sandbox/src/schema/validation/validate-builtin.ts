import { isWithinDepth, type JsonObject } from '../json/json-value.ts';
import type { GroupVersionKind } from '../model/group-version-kind.ts';
import { SchemaError } from '../model/schema-error.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { typeNameOf } from '../typed/type-shape.ts';
import { validateBinding, validateRole } from './access.ts';
import { validateConfigMap, validateSecret } from './data-objects.ts';
import { validatePod } from './pod.ts';
import {
  validateAutoscaler,
  validateClaim,
  validateDisruptionBudget,
  validateNetworkPolicy,
  validatePriorityClass,
  validateReplicas,
} from './policy-objects.ts';
import { validateService } from './service.ts';
import {
  validateCronJob,
  validateDaemonSet,
  validateDeployment,
  validateJob,
  validateReplicaSet,
  validateStatefulSet,
} from './workload.ts';

type Validator = (object: JsonObject, old: JsonObject | undefined) => StatusCause[];

const VALIDATORS: ReadonlyMap<string, Validator> = new Map<string, Validator>([
  ['core.v1.Pod', validatePod],
  ['core.v1.Service', validateService],
  ['core.v1.ConfigMap', validateConfigMap],
  ['core.v1.Secret', validateSecret],
  ['core.v1.PersistentVolumeClaim', validateClaim],
  ['core.v1.ReplicationController', validateReplicas],
  ['apps.v1.Deployment', validateDeployment],
  ['apps.v1.ReplicaSet', validateReplicaSet],
  ['apps.v1.DaemonSet', validateDaemonSet],
  ['apps.v1.StatefulSet', validateStatefulSet],
  ['batch.v1.Job', validateJob],
  ['batch.v1.CronJob', validateCronJob],
  ['rbac.v1.Role', (object) => validateRole(object, true)],
  ['rbac.v1.ClusterRole', (object) => validateRole(object, false)],
  ['rbac.v1.RoleBinding', (object, old) => validateBinding(object, old, true)],
  ['rbac.v1.ClusterRoleBinding', (object, old) => validateBinding(object, old, false)],
  ['policy.v1.PodDisruptionBudget', validateDisruptionBudget],
  ['autoscaling.v1.HorizontalPodAutoscaler', validateAutoscaler],
  ['autoscaling.v2.HorizontalPodAutoscaler', validateAutoscaler],
  ['networking.v1.NetworkPolicy', validateNetworkPolicy],
  ['scheduling.v1.PriorityClass', validatePriorityClass],
]);

/**
 * Problems of an object of a built-in kind beyond its metadata, by the rules people meet; `old` is the stored object on
 * update. The object must have its defaults. Kinds without rules have no problems.
 */
export function validateBuiltin(gvk: GroupVersionKind, object: JsonObject, old?: JsonObject): readonly StatusCause[] {
  if (!isWithinDepth(object)) throw new SchemaError('exceeded max depth');
  return VALIDATORS.get(typeNameOf(gvk) ?? '')?.(object, old) ?? [];
}
