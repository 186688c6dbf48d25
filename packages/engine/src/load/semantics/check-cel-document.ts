import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { readFlag, readObject, readObjects, readText } from '../../model/read-json.ts';
import type { LoadOptions } from '../load-options.ts';
import { checkConstraintSelectors } from './check-label-selector.ts';
import { createProblems, type Problems } from './problems.ts';

const KUBERNETES = 'admissionregistration.k8s.io/';

/**
 * What the policy webhook has against a policy or exception of policies.kyverno.io that passed its schema, as far as it
 * can be told without compiling expressions (kyverno-cel §1.8, §1.10).
 */
export function checkCelDocument(document: JsonObject, kind: string, options: LoadOptions): readonly Diagnostic[] {
  const problems = createProblems();
  const spec = readObject(document, 'spec') ?? {};
  if (kind === 'PolicyException') checkRefs(spec, problems);
  else if (!(readText(document, 'apiVersion') ?? '').startsWith(KUBERNETES)) {
    checkResourceRules(spec, options, problems);
    checkConstraintSelectors(spec, problems);
    if (options.submitted) checkMode(spec, problems);
    if (options.submitted && kind.endsWith('MutatingPolicy')) checkEvaluation(spec, problems);
  }
  return problems.found;
}

function checkRefs(spec: JsonObject, problems: Problems): void {
  const refs = readObjects(spec, 'policyRefs');
  if (refs.length === 0) problems.error('spec.policyRefs', 'must specify at least one policy ref');
  for (const [index, ref] of refs.entries()) {
    if (!readText(ref, 'name')) problems.error(`spec.policyRefs[${index}].name`, 'must specify policy name');
    if (!readText(ref, 'kind')) problems.error(`spec.policyRefs[${index}].kind`, 'must specify policy kind');
  }
}

function checkResourceRules(spec: JsonObject, { submitted }: LoadOptions, problems: Problems): void {
  if (readObjects(readObject(spec, 'matchConstraints'), 'resourceRules').length > 0) return;
  const message = 'a matchConstraints with at least one resource rule is required';
  // Kyverno's CLI evaluates such a policy (payloads need none); its webhook refuses it.
  if (submitted) problems.error('spec.matchConstraints', message, 'policy-missing-field');
}

/** A policy that is asked elsewhere does nothing in a cluster without that server: it must not look as if it did. */
function checkMode(spec: JsonObject, problems: Problems): void {
  const mode = readText(readObject(spec, 'evaluation'), 'mode');
  if (mode !== 'Envoy' && mode !== 'HTTP') return;
  const message = `policies of mode \`${mode}\` are asked by an authorization server, and judge nothing here`;
  problems.warning('spec.evaluation.mode', message, 'policy-unsupported');
}

/** A policy that mutates neither what is asked for nor what exists does nothing. */
function checkEvaluation(spec: JsonObject, problems: Problems): void {
  const evaluation = readObject(spec, 'evaluation');
  const isAsked = readFlag(readObject(evaluation, 'admission'), 'enabled') ?? true;
  const isExisting = readFlag(readObject(evaluation, 'mutateExisting'), 'enabled') ?? false;
  if (isAsked || isExisting) return;
  const message = 'disabling both admission and mutateExisting evaluation modes is not allowed';
  problems.error('spec.evaluation', message, 'policy-conflict');
}
