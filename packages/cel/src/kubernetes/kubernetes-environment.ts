import type { CelLibrary } from '../declare/library.ts';
import { createEnvironment, type Environment, type EnvironmentOptions } from '../environment/environment.ts';
import { listsLibrary, setsLibrary } from '../library/lists.ts';
import { stringsLibrary } from '../library/strings.ts';
import { twoVariableLibrary } from '../library/two-variables.ts';
import { DYN } from '../values/cel-type.ts';
import { ADMISSION_REQUEST, admissionTypes } from './admission-types.ts';
import { AUTHORIZER, authorizerLibrary } from './authorizer-library.ts';
import { formatLibrary } from './format-library.ts';
import { cidrLibrary, ipLibrary } from './ip-library.ts';
import { kubernetesLists } from './list-library.ts';
import { quantityLibrary } from './quantity-library.ts';
import { kubernetesRegex } from './regex-library.ts';
import { semverLibrary } from './semver-library.ts';
import { urlLibrary } from './url-library.ts';

/** The libraries of Kubernetes 1.36 that its own and Kyverno's expressions share. */
export function kubernetesLibraries(): readonly CelLibrary[] {
  return [
    stringsLibrary(2),
    setsLibrary(),
    listsLibrary(3),
    kubernetesLists(),
    kubernetesRegex(),
    urlLibrary(),
    ipLibrary(),
    cidrLibrary(),
    quantityLibrary(),
    formatLibrary(),
    semverLibrary(),
  ];
}

/**
 * What Kubernetes' own expressions may use (admission policies, match conditions, validation rules): its libraries,
 * two-variable macros, literals of one type that are valid as written. Variables come with the options.
 */
export function createKubernetesEnvironment(options: EnvironmentOptions = {}): Environment {
  return createEnvironment({
    validateLiterals: true,
    ...options,
    libraries: [...kubernetesLibraries(), twoVariableLibrary(), authorizerLibrary(), ...(options.libraries ?? [])],
  });
}

/** Webhook `matchConditions`: `object`, `oldObject` (null when absent), `request` and `authorizer`. */
export function createMatchConditionEnvironment(): Environment {
  return createKubernetesEnvironment({
    variables: { object: DYN, oldObject: DYN, request: ADMISSION_REQUEST, authorizer: AUTHORIZER },
    types: admissionTypes(),
  });
}
