import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { member } from '../../kernel/json.ts';
import { toFailureAction } from '../../model/failure-action.ts';
import { readFlag, readNumber, readObject, readObjects, readText } from '../../model/read-json.ts';
import type { LoadOptions } from '../load-options.ts';
import { checkExcludedControllers } from './check-advice.ts';
import { checkOverrideNamespaces } from './check-override-namespaces.ts';
import { checkOwnActions } from './check-own-actions.ts';
import { checkRule } from './check-rule.ts';
import { checkUnsignedEntries } from './check-unsigned-entries.ts';
import { deprecationWarning } from './deprecations.ts';
import { createProblems, type Problems } from './problems.ts';

/**
 * What Kyverno's policy webhook has against a ClusterPolicy or Policy that passed its schema (kyverno-core §4.4), as far
 * as it can be told without a cluster and without compiling expressions. Kyverno stops at the first; here all are told.
 */
export function checkPolicy(document: JsonObject, options: LoadOptions): readonly Diagnostic[] {
  const problems = createProblems();
  const spec = readObject(document, 'spec') ?? {};
  const kind = readText(document, 'kind') ?? '';
  const warning = options.deprecations ? deprecationWarning(kind) : undefined;
  if (warning) problems.warning('kind', warning);
  checkMetadata(document, kind, problems);
  checkActions(spec, problems);
  if (options.submitted) {
    checkOwnActions(spec, problems);
    checkUnsignedEntries(spec, problems);
  }
  checkDeprecatedFields(spec, problems);
  checkTimeouts(spec, problems);
  checkOverrides(spec, kind, problems);
  checkProcessing(spec, problems);
  checkRules(document, options, problems);
  checkExcludedControllers(document, problems);
  return problems.found;
}

function checkMetadata(document: JsonObject, kind: string, problems: Problems): void {
  const metadata = readObject(document, 'metadata');
  if (kind === 'ClusterPolicy' && readText(metadata, 'namespace')) {
    problems.error('metadata.namespace', 'A clusterpolicy should not have the namespace defined');
  }
  if ((readText(metadata, 'name') ?? '').length > 63) {
    problems.error('metadata.name', 'must be no more than 63 characters');
  }
  const controllers = readText(readObject(metadata, 'annotations'), 'pod-policies.kyverno.io/autogen-controllers');
  if (controllers === 'all') {
    problems.error(
      'metadata.annotations["pod-policies.kyverno.io/autogen-controllers"]',
      "Autogen annotation does not support 'all' anymore, remove the annotation or set it to a valid value",
    );
  }
}

const LOWER_CASE = 'Validation failure actions enforce/audit are deprecated, use Enforce/Audit instead.';

function checkActions(spec: JsonObject, problems: Problems): void {
  const warnLowerCase = (holder: JsonObject | undefined, key: string, path: string): void => {
    const action = readText(holder, key);
    if (action === 'enforce' || action === 'audit') problems.warning(`${path}.${key}`, LOWER_CASE);
  };
  warnLowerCase(spec, 'validationFailureAction', 'spec');
  for (const [index, override] of readObjects(spec, 'validationFailureActionOverrides').entries()) {
    warnLowerCase(override, 'action', `spec.validationFailureActionOverrides[${index}]`);
  }
  for (const [index, rule] of readObjects(spec, 'rules').entries()) {
    warnLowerCase(readObject(rule, 'validate'), 'failureAction', `spec.rules[${index}].validate`);
    for (const [entry, image] of readObjects(rule, 'verifyImages').entries()) {
      warnLowerCase(image, 'failureAction', `spec.rules[${index}].verifyImages[${entry}]`);
    }
  }
}

function isGiven(object: JsonObject | undefined, key: string): boolean {
  const value = object && member(object, key);
  return value !== undefined && value !== null;
}

function checkDeprecatedFields(spec: JsonObject, problems: Problems): void {
  const webhook = readObject(spec, 'webhookConfiguration');
  for (const [old, current] of [
    ['webhookTimeoutSeconds', 'timeoutSeconds'],
    ['failurePolicy', 'failurePolicy'],
  ] as const) {
    if (!isGiven(spec, old) || !isGiven(webhook, current)) continue;
    const message = `remove the deprecated field and use spec.webhookConfiguration.${current} instead`;
    problems.error(`spec.${old}`, message, 'policy-conflict');
  }
  if (isGiven(spec, 'generateExistingOnPolicyUpdate')) {
    problems.error(
      'spec.generateExistingOnPolicyUpdate',
      'remove the deprecated field and use spec.generate[*].generateExisting instead',
    );
  }
}

function checkTimeouts(spec: JsonObject, problems: Problems): void {
  const check = (seconds: number | undefined, path: string): void => {
    if (seconds !== undefined && (seconds < 1 || seconds > 30)) {
      problems.error(path, 'the timeout value must be between 1 and 30 seconds');
    }
  };
  check(readNumber(spec, 'webhookTimeoutSeconds'), 'spec.webhookTimeoutSeconds');
  check(
    readNumber(readObject(spec, 'webhookConfiguration'), 'timeoutSeconds'),
    'spec.webhookConfiguration.timeoutSeconds',
  );
}

function checkOverrides(spec: JsonObject, kind: string, problems: Problems): void {
  const overrides = readObjects(spec, 'validationFailureActionOverrides');
  const path = 'spec.validationFailureActionOverrides';
  if (kind === 'Policy') {
    if (overrides.length > 0) {
      problems.error(path, 'Use of validationFailureActionOverrides is supported only with ClusterPolicy');
    }
    return;
  }
  checkOverrideNamespaces(overrides, path, problems);
  for (const [index, rule] of readObjects(spec, 'rules').entries()) {
    const own = readObjects(readObject(rule, 'validate'), 'failureActionOverrides');
    checkOverrideNamespaces(own, `spec.rules[${index}].validate.failureActionOverrides`, problems);
  }
}

function checkProcessing(spec: JsonObject, problems: Problems): void {
  if (readFlag(spec, 'admission') ?? true) return;
  if (!(readFlag(spec, 'background') ?? true)) {
    problems.error('spec', 'disabling both admission and background processing is not allowed', 'policy-conflict');
  }
  const rules = readObjects(spec, 'rules');
  if (rules.some((rule) => ['mutate', 'generate', 'verifyImages'].some((key) => isGiven(rule, key)))) {
    const message = 'disabling admission processing is only allowed with validation policies';
    problems.error('spec.admission', message, 'policy-conflict');
  }
}

function checkRules(document: JsonObject, options: LoadOptions, problems: Problems): void {
  const spec = readObject(document, 'spec') ?? {};
  const kind = readText(document, 'kind') ?? '';
  const namespace = kind === 'Policy' ? readText(readObject(document, 'metadata'), 'namespace') : undefined;
  const names = new Set<string>();
  const policyAction = toFailureAction(readText(spec, 'validationFailureAction')) ?? 'Audit';
  const background = readFlag(spec, 'background') ?? true;
  for (const [index, rule] of readObjects(spec, 'rules').entries()) {
    const path = `spec.rules[${index}]`;
    const name = readText(rule, 'name') ?? '';
    if (names.has(name)) problems.error(`${path}.name`, `Duplicate rule name: '${name}'`, 'policy-conflict');
    names.add(name);
    checkRule(rule, { path, name, kind, namespace, policyAction, background, options, spec }, problems);
  }
}
