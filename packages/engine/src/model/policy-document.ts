import type { JsonObject } from '../kernel/json.ts';
import type { PolicyRef } from './decision.ts';
import { toFailureAction, toFailureActionOverrides } from './failure-action.ts';
import { toMatchResources } from './match-document.ts';
import type { LegacyPolicy, LegacyPolicySpec, PolicyException, SourceMap } from './policy.ts';
import { readFlag, readNumber, readObject, readObjects, readText, readTextMap, readTexts } from './read-json.ts';
import { toRule } from './rule-document.ts';

/**
 * A ClusterPolicy or Policy that passed its schema, normalised: CRD defaults applied, deprecated forms converted
 * (kyverno-core §1.1). The effective failurePolicy is webhookConfiguration's, else the deprecated field's, else Fail.
 */
export function toLegacyPolicy(document: JsonObject, sources: SourceMap): LegacyPolicy {
  const metadata = readObject(document, 'metadata');
  return {
    family: 'legacy',
    ref: toPolicyRef(document, metadata),
    labels: readTextMap(metadata, 'labels'),
    annotations: readTextMap(metadata, 'annotations'),
    spec: toSpec(readObject(document, 'spec')),
    document,
    sources,
  };
}

function toPolicyRef(document: JsonObject, metadata: JsonObject | undefined): PolicyRef {
  const kind = readText(document, 'kind') ?? '';
  const uid = readText(metadata, 'uid');
  const resourceVersion = readText(metadata, 'resourceVersion');
  return {
    apiVersion: readText(document, 'apiVersion') ?? '',
    kind,
    name: readText(metadata, 'name') ?? '',
    ...(kind === 'Policy' ? { namespace: readText(metadata, 'namespace') || 'default' } : {}),
    ...(uid ? { uid } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  };
}

function toSpec(spec: JsonObject | undefined): LegacyPolicySpec {
  const webhook = readObject(spec, 'webhookConfiguration');
  const failurePolicy = readText(webhook, 'failurePolicy') ?? readText(spec, 'failurePolicy');
  const timeoutSeconds = readNumber(webhook, 'timeoutSeconds') ?? readNumber(spec, 'webhookTimeoutSeconds');
  return {
    rules: readObjects(spec, 'rules').map((rule, index) => toRule(rule, `spec.rules[${index}]`)),
    applyRules: readText(spec, 'applyRules') === 'One' ? 'One' : 'All',
    failurePolicy: failurePolicy === 'Ignore' ? 'Ignore' : 'Fail',
    failureAction: toFailureAction(readText(spec, 'validationFailureAction')) ?? 'Audit',
    failureActionOverrides: toFailureActionOverrides(spec, 'validationFailureActionOverrides'),
    emitWarning: readFlag(spec, 'emitWarning') ?? false,
    admission: readFlag(spec, 'admission') ?? true,
    background: readFlag(spec, 'background') ?? true,
    ...(timeoutSeconds !== undefined ? { timeoutSeconds } : {}),
    matchConditions: readObjects(webhook, 'matchConditions').map((condition) => ({
      name: readText(condition, 'name') ?? '',
      expression: readText(condition, 'expression') ?? '',
    })),
  };
}

/** A PolicyException of kyverno.io that passed its schema. Without namespace it is in `default`. */
export function toPolicyException(document: JsonObject, sources: SourceMap): PolicyException {
  const metadata = readObject(document, 'metadata');
  const spec = readObject(document, 'spec');
  const name = readText(metadata, 'name') ?? '';
  const namespace = readText(metadata, 'namespace') || 'default';
  return {
    name,
    namespace,
    key: `${namespace}/${name}`,
    background: readFlag(spec, 'background') ?? true,
    match: toMatchResources(readObject(spec, 'match') ?? {}),
    conditions: readObject(spec, 'conditions'),
    exceptions: readObjects(spec, 'exceptions').map((exception) => ({
      policyName: readText(exception, 'policyName') ?? '',
      ruleNames: readTexts(exception, 'ruleNames'),
    })),
    podSecurity: readObjects(spec, 'podSecurity'),
    labels: readTextMap(metadata, 'labels'),
    annotations: readTextMap(metadata, 'annotations'),
    document,
    sources,
  };
}
