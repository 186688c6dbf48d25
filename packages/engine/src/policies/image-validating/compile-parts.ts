import { celTypes } from '@vouchsafe/cel';
import type { RegistryAccess } from '../../facts/fact-request.ts';
import { namedSecrets } from '../../facts/named-secrets.ts';
import { DEFAULT_IMAGE_SETTINGS, type ImageReferenceSettings } from '../../kernel/image-reference.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { type AuditAnnotations, compileAuditAnnotations } from '../../lang/cel/audit-annotations.ts';
import { compilePolicyExceptions, type PolicyExceptions } from '../../lang/cel/policy-exceptions.ts';
import { createPolicyLanguage, type PolicyExpression } from '../../lang/cel/policy-language.ts';
import { compileConditionList, compileVariables } from '../../lang/cel/policy-parts.ts';
import type { PolicyVariables } from '../../lang/cel/policy-scope.ts';
import { compileValidations, type Validation } from '../../lang/cel/validations.ts';
import type { CelPolicySpec } from '../../model/cel-policy.ts';
import type { FailurePolicy } from '../../model/decision.ts';
import { readFlag, readObject, readTexts } from '../../model/read-json.ts';
import type { PolicyCompilation } from '../policy-kind.ts';
import { type PolicyAttestations, readAttestations } from './attestations.ts';
import { compileAttestors, type PolicyAttestors } from './attestors.ts';
import { compileImageLists, type ImageExtractor } from './image-lists.ts';
import { compileImageSelection, type ImageSelection } from './image-selection.ts';

/** An ImageValidatingPolicy, or one of the variants that autogen makes of it, compiled. */
export interface ImageValidatingParts {
  readonly failurePolicy: FailurePolicy;
  readonly conditions: readonly PolicyExpression[];
  readonly exceptions: PolicyExceptions;
  readonly selects: ImageSelection;
  readonly extract: ImageExtractor;
  readonly variables: PolicyVariables;
  readonly attestors: PolicyAttestors;
  readonly attestations: PolicyAttestations;
  readonly validations: readonly Validation[];
  readonly annotations: AuditAnnotations;
  readonly demands: ImageDemands;
  readonly access: RegistryAccess;
  readonly settings: ImageReferenceSettings;
}

/** `validationConfigurations`; all of them hold unless they are switched off. */
export interface ImageDemands {
  readonly mutateDigest: boolean;
  readonly verifyDigest: boolean;
  readonly required: boolean;
}

const TEXTS = celTypes.listType(celTypes.STRING);
const VARIABLES = {
  images: celTypes.mapType(celTypes.STRING, TEXTS),
  attestors: celTypes.mapType(celTypes.STRING, celTypes.DYN),
  attestations: celTypes.mapType(celTypes.STRING, celTypes.STRING),
};

/** Compiles the expressions of a spec in the order that decides what they may refer to (kyverno-cel §2.6). */
export function compileParts(
  { policy, exceptions, report, images }: PolicyCompilation,
  { failurePolicy, matchConditions, variables, written }: CelPolicySpec,
): ImageValidatingParts {
  const { namespace } = policy.ref;
  const settings = images ?? DEFAULT_IMAGE_SETTINGS;
  const language = createPolicyLanguage({ dialect: 'image-validating', namespace, variables: VARIABLES, report });
  return {
    failurePolicy,
    conditions: compileConditionList(matchConditions, 'spec.matchConditions', language),
    selects: compileImageSelection(written, settings, report),
    extract: compileImageLists(written, language),
    variables: compileVariables(variables, 'spec.variables', language),
    attestors: compileAttestors(written, language, namespace),
    attestations: readAttestations(written),
    validations: compileValidations(written, language),
    annotations: compileAuditAnnotations(written, language),
    // A partial exception allows images and values; these policies have no variable to tell them by, so it exempts nothing.
    exceptions: compilePolicyExceptions(exceptions, language, { partial: true, reportResult: false, failurePolicy }),
    demands: readDemands(written),
    access: readAccess(written, namespace),
    settings,
  };
}

function readDemands(spec: JsonObject): ImageDemands {
  const written = readObject(spec, 'validationConfigurations');
  return {
    mutateDigest: readFlag(written, 'mutateDigest') ?? true,
    verifyDigest: readFlag(written, 'verifyDigest') ?? true,
    required: readFlag(written, 'required') ?? true,
  };
}

/** Secrets without a namespace are in the engine's own; a namespaced policy names those of its namespace. */
function readAccess(spec: JsonObject, policyNamespace: string | undefined): RegistryAccess {
  const credentials = readObject(spec, 'credentials');
  return {
    allowInsecure: readFlag(credentials, 'allowInsecureRegistry') ?? false,
    providers: readTexts(credentials, 'providers'),
    secrets: namedSecrets(readTexts(credentials, 'secrets'), policyNamespace),
  };
}
