import { type Diagnostic, isError } from '../kernel/diagnostics/diagnostic.ts';
import type { EngineHost } from '../kernel/host.ts';
import type { AdmissionPolicyBinding, CelPolicy, CelPolicyException } from '../model/cel-policy.ts';
import type { CompiledPolicy, Phase } from '../model/compiled-policy.ts';
import type { Standing } from '../model/decision.ts';
import { isInScope } from '../model/object-scope.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { POLICY_KINDS } from '../policies/index.ts';
import type { PolicyBody } from '../policies/policy-kind.ts';
import type { Compilation, ImageDefaults } from './engine.ts';
import { toPolicyWebhook } from './policy-webhook.ts';
import { createRulesFor } from './rules-for.ts';

export interface CelTools {
  readonly host: EngineHost;
  readonly images?: ImageDefaults;
}

export interface CelLinks {
  readonly exceptions: readonly CelPolicyException[];
  readonly bindings: readonly AdmissionPolicyBinding[];
}

/** Compiles a policy in CEL by its kind. A policy with an error does not run at all. */
export function compileCelPolicy(policy: CelPolicy, links: CelLinks, tools: CelTools): Compilation {
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => {
    const range = diagnostic.range ?? policy.sources(diagnostic.path ?? '', diagnostic.offset);
    diagnostics.push(range ? { ...diagnostic, range } : diagnostic);
  };
  const kind = POLICY_KINDS.find(({ kinds }) => kinds.includes(policy.kind));
  if (!kind) {
    report({
      code: 'policy-unsupported',
      severity: 'error',
      message: `kind ${policy.kind} is not executed`,
      path: 'kind',
    });
    return { diagnostics };
  }
  const { host, images } = tools;
  const exceptions = links.exceptions.filter(({ policyRefs }) =>
    policyRefs.some((ref) => ref.name === policy.ref.name && ref.kind === policy.ref.kind),
  );
  const bindings = links.bindings.filter(
    (binding) => binding.policyName === policy.ref.name && binding.kind === `${policy.kind}Binding`,
  );
  const body = kind.compile({ policy, exceptions, bindings, host, report, ...(images ? { images } : {}) });
  if (diagnostics.some(isError)) return { diagnostics };
  return { compiled: assemble(policy, body), diagnostics };
}

function assemble(policy: CelPolicy, body: PolicyBody): CompiledPolicy {
  const { ref, spec, annotations, labels } = policy;
  const { validationActions } = spec;
  const rules = Object.freeze([...body.rules]);
  const standing: Standing = validationActions.includes('Deny')
    ? 'enforce'
    : validationActions.includes('Warn')
      ? 'warn'
      : 'audit';
  return Object.freeze({
    ref,
    // Generating never stops a request, nor may its absence.
    failurePolicy: policy.kind === 'GeneratingPolicy' ? 'Ignore' : spec.failurePolicy,
    canEnforce: standing === 'enforce',
    background: spec.background,
    admission: spec.admission,
    applyRules: 'All',
    timeoutSeconds: spec.timeoutSeconds,
    selectors: Object.freeze(body.selectors),
    matches: (request, phase) => isInScope(ref, request) && body.concerns(request, phase),
    ...(ref.namespace === undefined ? {} : { inScope: (request: EvaluationRequest) => isInScope(ref, request) }),
    // What a policy that does not deny could not pin denies nothing, either.
    standing: Object.assign(
      (_: EvaluationRequest, phase: Phase) =>
        phase === 'validate' || phase === 'verify-images' ? standing : 'enforce',
      { isConstant: true },
    ),
    rules,
    rulesFor: createRulesFor(rules),
    needs: body.needs,
    ...(body.vouchesForOthers ? { vouchesForOthers: true } : {}),
    autogenRules: [],
    webhook: toPolicyWebhook(policy, body.autogen),
    ...(body.autogen ? { autogenConfigs: body.autogen } : {}),
    annotations,
    labels,
    emitWarning: validationActions.includes('Warn'),
    ...(body.cleanup ? { cleanup: body.cleanup } : {}),
  } satisfies CompiledPolicy);
}
