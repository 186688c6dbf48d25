import type { CompileResult, Environment } from '../environment/environment.ts';
import { ADMISSION_REQUEST, admissionTypes, NAMESPACE } from '../kubernetes/admission-types.ts';
import { AUTHORIZER } from '../kubernetes/authorizer-library.ts';
import { jsonPatchLibrary } from '../kubernetes/json-patch-library.ts';
import { createKubernetesEnvironment } from '../kubernetes/kubernetes-environment.ts';
import { type CelType, DYN, structType } from '../values/cel-type.ts';
import { orValueLibrary } from './or-value-library.ts';
import { resolvePatchType } from './patch-types.ts';

export interface AdmissionPolicyNames {
  /** Whether `params` exists. */
  readonly params: boolean;
  /** Whether `authorizer` exists. */
  readonly authorizer: boolean;
}

/** The type of `variables`. */
export const VARIABLES: CelType = structType('kubernetes.variables');

/**
 * The language of ValidatingAdmissionPolicies, MutatingAdmissionPolicies and legacy rules in CEL (kyverno-cel §6.2):
 * Kubernetes' libraries, `object`, `oldObject`, `request`, `namespaceObject`, `variables`, `params` and `authorizer`.
 */
export interface AdmissionPolicyEnvironment {
  compile(text: string, names: AdmissionPolicyNames): CompileResult;
  /** Makes `variables.<name>` known to what is compiled later. */
  addVariable(name: string, type: CelType): void;
}

export interface AdmissionPolicyEnvironmentOptions {
  /** `Object{}`, `JSONPatch{}` and `jsonpatch.escapeKey`, which MutatingAdmissionPolicies have. */
  readonly patchTypes?: boolean;
}

export function createAdmissionPolicyEnvironment({
  patchTypes = false,
}: AdmissionPolicyEnvironmentOptions = {}): AdmissionPolicyEnvironment {
  const known = new Map<string, CelType>();
  const variables = { name: VARIABLES.name, fieldType: (field: string) => known.get(field) };
  const made = new Map<string, Environment>();
  return {
    compile(text, { params, authorizer }) {
      const key = `${params}/${authorizer}`;
      let environment = made.get(key);
      if (environment === undefined) {
        environment = createKubernetesEnvironment({
          libraries: [orValueLibrary(), ...(patchTypes ? [jsonPatchLibrary()] : [])],
          ...(patchTypes ? { resolveType: resolvePatchType } : {}),
          types: [...admissionTypes(), variables],
          variables: {
            object: DYN,
            oldObject: DYN,
            request: ADMISSION_REQUEST,
            namespaceObject: NAMESPACE,
            variables: VARIABLES,
            ...(params ? { params: DYN } : {}),
            ...(authorizer ? { authorizer: AUTHORIZER } : {}),
          },
        });
        made.set(key, environment);
      }
      return environment.compile(text);
    },
    addVariable: (name, type) => void known.set(name, type),
  };
}
