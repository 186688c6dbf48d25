import type { CelLibrary } from '../declare/library.ts';
import { createEnvironment, type Environment, type EnvironmentOptions } from '../environment/environment.ts';
import { authorizerLibrary } from '../kubernetes/authorizer-library.ts';
import { jsonPatchLibrary } from '../kubernetes/json-patch-library.ts';
import { kubernetesLibraries } from '../kubernetes/kubernetes-environment.ts';
import { bindingsLibrary } from '../library/bindings.ts';
import { encodersLibrary } from '../library/encoders.ts';
import { mathLibrary } from '../library/math.ts';
import { protoLibrary } from '../library/proto.ts';
import { regexLibrary } from '../library/regex.ts';
import { stringsLibrary } from '../library/strings.ts';
import { twoVariableLibrary } from '../library/two-variables.ts';
import { authorizationLibraries } from './authorization/authorization-libraries.ts';
import {
  gzipLibrary,
  hashLibrary,
  jsonLibrary,
  kyvernoMathLibrary,
  transformLibrary,
  userLibrary,
  x509Library,
  yamlLibrary,
} from './data-libraries.ts';
import { imageLibrary } from './image-library.ts';
import { orValueLibrary } from './or-value-library.ts';
import {
  generatorLibrary,
  globalContextLibrary,
  httpLibrary,
  imageDataLibrary,
  imageVerifyLibrary,
} from './outside-libraries.ts';
import { resolvePatchType } from './patch-types.ts';
import { randomLibrary } from './random-library.ts';
import { resourceLibrary } from './resource-library.ts';
import { timeLibrary } from './time-library.ts';

/** Kinds of policies and places that have an environment of their own. */
export type KyvernoDialect =
  | 'deleting'
  | 'envoy'
  | 'generating'
  | 'http'
  | 'image-matching'
  | 'image-validating'
  | 'mutating'
  | 'validating';

/** Dialects that build on Kubernetes' own environment; the others are plainer and have no cost limit. */
const KUBERNETES_BASED: ReadonlySet<KyvernoDialect> = new Set(['image-validating', 'mutating', 'validating']);
const WITHOUT_OR_VALUE: ReadonlySet<KyvernoDialect> = new Set(['image-matching', 'image-validating']);
const WITH_USER: ReadonlySet<KyvernoDialect> = new Set(['image-validating', 'mutating', 'validating']);
const WITH_PATCH_TYPES: ReadonlySet<KyvernoDialect> = new Set(['deleting', 'mutating']);

/** Those of cluster policies, which are the same for all of a dialect. */
const SHARED = new Map<KyvernoDialect, readonly CelLibrary[]>();

function librariesOf(dialect: KyvernoDialect, policyNamespace: string | undefined): readonly CelLibrary[] {
  if (policyNamespace !== undefined) return makeLibraries(dialect, policyNamespace);
  const known = SHARED.get(dialect) ?? makeLibraries(dialect, undefined);
  SHARED.set(dialect, known);
  return known;
}

function makeLibraries(dialect: KyvernoDialect, policyNamespace: string | undefined): readonly CelLibrary[] {
  if (dialect === 'envoy' || dialect === 'http') return makeAuthorizationLibraries(dialect);
  return [
    ...kubernetesLibraries(),
    ...(KUBERNETES_BASED.has(dialect) ? [twoVariableLibrary(), authorizerLibrary()] : []),
    bindingsLibrary(),
    encodersLibrary(),
    mathLibrary(),
    protoLibrary(),
    regexLibrary(),
    globalContextLibrary(),
    resourceLibrary(policyNamespace),
    imageLibrary(),
    imageDataLibrary(),
    hashLibrary(),
    kyvernoMathLibrary(),
    jsonLibrary(),
    yamlLibrary(),
    randomLibrary(),
    timeLibrary(),
    transformLibrary(),
    gzipLibrary(),
    httpLibrary(),
    ...(dialect === 'image-validating' ? [imageVerifyLibrary()] : [x509Library()]),
    ...(WITH_USER.has(dialect) ? [userLibrary()] : []),
    ...(dialect === 'generating' ? [generatorLibrary(policyNamespace)] : []),
    ...(dialect === 'mutating' ? [jsonPatchLibrary()] : []),
    ...(WITHOUT_OR_VALUE.has(dialect) ? [] : [orValueLibrary()]),
  ];
}

/** Those of policies for authorization servers, which are built apart upstream and know fewer (kyverno-cel §8.2). */
function makeAuthorizationLibraries(dialect: 'envoy' | 'http'): readonly CelLibrary[] {
  return [
    ...kubernetesLibraries(),
    stringsLibrary(3),
    bindingsLibrary(),
    encodersLibrary(),
    mathLibrary(),
    protoLibrary(),
    resourceLibrary(undefined),
    imageLibrary(),
    imageDataLibrary(),
    httpLibrary(),
    ...authorizationLibraries(dialect === 'envoy' ? 'Envoy' : 'HTTP'),
  ];
}

/**
 * What expressions of a Kyverno policy may use; variables come with the options. `policyNamespace` is the namespace
 * of a namespaced policy, which then reaches no other.
 */
export function createKyvernoEnvironment(
  dialect: KyvernoDialect,
  options: EnvironmentOptions = {},
  policyNamespace?: string,
): Environment {
  return createEnvironment({
    homogeneousLiterals: dialect !== 'generating',
    validateLiterals: KUBERNETES_BASED.has(dialect),
    ...(WITH_PATCH_TYPES.has(dialect) ? { resolveType: resolvePatchType } : {}),
    ...options,
    libraries: [...librariesOf(dialect, policyNamespace), ...(options.libraries ?? [])],
  });
}
