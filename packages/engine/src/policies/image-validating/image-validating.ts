import type { FactKind } from '../../facts/fact-request.ts';
import { isError } from '../../kernel/diagnostics/diagnostic.ts';
import { type AutogenVariant, autogenConfigs, toAutogenStatus } from '../../lang/cel/pod-autogen.ts';
import { rewritePodReferences } from '../../lang/cel/pod-references.ts';
import { createActivation, createPayloadActivation } from '../../lang/cel/policy-scope.ts';
import { compileConstraints, constraintSelectors } from '../../match/match-constraints.ts';
import type { CelPolicySpec, MatchConstraints } from '../../model/cel-policy.ts';
import { toCelSpec } from '../../model/cel-policy-document.ts';
import type { CompiledRule, Phase, ResourceSelector } from '../../model/compiled-policy.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import type { PolicyBody, PolicyCompilation, PolicyKind } from '../policy-kind.ts';
import { compileParts } from './compile-parts.ts';
import { createRule } from './create-rule.ts';

const PHASES: ReadonlySet<Phase> = new Set(['verify-images', 'validate']);
const VALIDATING: ReadonlySet<Phase> = new Set(['validate']);
const NEEDS: ReadonlySet<FactKind> = new Set([
  'image-digest',
  'image-verification',
  'image-data',
  'resource',
  'api-resource',
  'kind-mapping',
  'api-call',
  'http-call',
  'global-context',
]);

/** ImageValidatingPolicy and NamespacedImageValidatingPolicy (kyverno-cel §4.6). */
export const imageValidatingPolicies: PolicyKind = {
  kinds: ['ImageValidatingPolicy'],
  phases: PHASES,
  compile: (compilation) =>
    compilation.policy.spec.mode === 'JSON' ? compileForPayloads(compilation) : compileForResources(compilation),
};

/** A policy about objects of Kubernetes, with what autogen makes of it. */
function compileForResources(compilation: PolicyCompilation): PolicyBody {
  const { policy, report } = compilation;
  let isBroken = false;
  const noting: PolicyCompilation = {
    ...compilation,
    report: (diagnostic) => {
      isBroken ||= isError(diagnostic);
      report(diagnostic);
    },
  };
  const own = compileVariant(noting, policy.spec);
  // What is wrong with the policy is wrong with its variants: it is told once.
  const autogen: readonly AutogenVariant[] = isBroken
    ? []
    : autogenConfigs(policy.spec).map((config) => ({
        config,
        spec: rewritePodReferences(policy.spec.written, config),
      }));
  const silent: PolicyCompilation = {
    ...compilation,
    report: (diagnostic) => isError(diagnostic) && report(diagnostic),
  };
  const variants = [own, ...autogen.map(({ config, spec }) => compileVariant(silent, toCelSpec(spec), config.name))];
  return {
    rules: variants.map(({ rule }) => rule),
    selectors: variants.flatMap(({ selectors }) => selectors),
    concerns: (request, phase) =>
      variants.some(({ rule, concerns }) => rule.phases.has(phase) && request.payload !== true && concerns(request)),
    needs: NEEDS,
    vouchesForOthers: true,
    autogen: toAutogenStatus(autogen),
  };
}

interface CompiledVariant {
  readonly rule: CompiledRule;
  readonly selectors: readonly ResourceSelector[];
  readonly concerns: (request: EvaluationRequest) => boolean;
}

/** Constraints that are not written match everything, other than in ValidatingPolicies (kyverno-cel §4.1). */
const EVERYTHING: MatchConstraints = {
  resourceRules: [],
  excludeResourceRules: [],
  namespaceSelector: undefined,
  objectSelector: undefined,
};

function compileVariant(
  compilation: PolicyCompilation,
  spec: CelPolicySpec,
  autogen?: AutogenVariant['config']['name'],
): CompiledVariant {
  const parts = compileParts(compilation, spec);
  const phases = parts.demands.mutateDigest ? PHASES : VALIDATING;
  const constraints = spec.matchConstraints ?? EVERYTHING;
  const { matches, concerns } = compileConstraints(constraints);
  const rule = createRule(compilation, parts, {
    about: autogen === undefined ? 'matchConstraints' : `autogen ${autogen}`,
    isVariant: autogen !== undefined,
    phases,
    matches: (request) => request.payload !== true && matches(request),
    activation: createActivation,
  });
  return { rule, selectors: constraintSelectors(constraints, phases), concerns };
}

/** A policy about payloads, whose images its own extractors find (kyverno-cel §8.1). */
function compileForPayloads(compilation: PolicyCompilation): PolicyBody {
  const parts = compileParts(compilation, compilation.policy.spec);
  const matches = ({ payload, checkedBy }: EvaluationRequest): boolean => payload === true && checkedBy === undefined;
  return {
    rules: [
      createRule(compilation, parts, {
        about: 'payloads',
        phases: VALIDATING,
        matches,
        activation: createPayloadActivation,
      }),
    ],
    selectors: [],
    concerns: (request, phase) => phase === 'validate' && matches(request),
    needs: NEEDS,
    vouchesForOthers: true,
  };
}
