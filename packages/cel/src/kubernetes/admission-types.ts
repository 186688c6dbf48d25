import { declareType, type TypeDeclaration } from '../declare/type-declaration.ts';
import { BOOL, type CelType, DYN, INT, listType, mapType, STRING, structType, TIMESTAMP } from '../values/cel-type.ts';

const TEXTS = mapType(STRING, STRING);

export const ADMISSION_REQUEST: CelType = structType('kubernetes.AdmissionRequest');
export const NAMESPACE: CelType = structType('kubernetes.Namespace');

const KIND = structType('kubernetes.GroupVersionKind');
const RESOURCE = structType('kubernetes.GroupVersionResource');
const USER = structType('kubernetes.UserInfo');

const REQUEST_FIELDS: Readonly<Record<string, CelType>> = {
  kind: KIND,
  resource: RESOURCE,
  subResource: STRING,
  requestKind: KIND,
  requestResource: RESOURCE,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: USER,
  dryRun: BOOL,
  options: DYN,
};

/**
 * The types of `request` and `namespaceObject`. `extraRequestFields` are what a dialect adds to the request, such as
 * Kyverno's `object` and `oldObject`.
 */
export function admissionTypes(extraRequestFields: Readonly<Record<string, CelType>> = {}): readonly TypeDeclaration[] {
  return [
    declareType(ADMISSION_REQUEST.name, { ...REQUEST_FIELDS, ...extraRequestFields }),
    declareType(KIND.name, { group: STRING, version: STRING, kind: STRING }),
    declareType(RESOURCE.name, { group: STRING, version: STRING, resource: STRING }),
    declareType(USER.name, {
      username: STRING,
      uid: STRING,
      groups: listType(STRING),
      extra: mapType(STRING, listType(STRING)),
    }),
    ...NAMESPACE_TYPES,
  ];
}

const METADATA = structType('kubernetes.NamespaceMetadata');
const SPEC = structType('kubernetes.NamespaceSpec');
const STATUS = structType('kubernetes.NamespaceStatus');
const CONDITION = structType('kubernetes.NamespaceCondition');

const NAMESPACE_TYPES: readonly TypeDeclaration[] = [
  declareType(NAMESPACE.name, { metadata: METADATA, spec: SPEC, status: STATUS }),
  declareType(METADATA.name, {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: TEXTS,
    annotations: TEXTS,
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: listType(STRING),
  }),
  declareType(SPEC.name, { finalizers: listType(STRING) }),
  declareType(STATUS.name, { conditions: listType(CONDITION), phase: STRING }),
  declareType(CONDITION.name, {
    status: STRING,
    type: STRING,
    lastTransitionTime: TIMESTAMP,
    message: STRING,
    reason: STRING,
  }),
];
