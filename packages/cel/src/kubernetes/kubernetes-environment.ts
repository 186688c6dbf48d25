import { createEnvironment, type Environment, type EnvironmentOptions } from '../environment/environment.ts';
import { DYN } from '../values/cel-type.ts';
import { ADMISSION_REQUEST, admissionTypes } from './admission-types.ts';

/** What Kubernetes' own expressions may use: its libraries on top of the standard functions. */
export function createKubernetesEnvironment(options: EnvironmentOptions = {}): Environment {
  return createEnvironment(options);
}

/** Webhook `matchConditions`: `object`, `oldObject` (null when absent) and `request`. */
export function createMatchConditionEnvironment(): Environment {
  return createKubernetesEnvironment({
    variables: { object: DYN, oldObject: DYN, request: ADMISSION_REQUEST },
    types: admissionTypes(),
  });
}
