import type { FactKind } from '../../facts/fact-request.ts';
import type { AutogenVariant } from '../../lang/cel/pod-autogen.ts';
import { rewritePodReferences } from '../../lang/cel/pod-references.ts';
import { createActivation, createPayloadActivation } from '../../lang/cel/policy-scope.ts';
import { compileConstraints, constraintSelectors, MATCH_EVERYTHING } from '../../match/match-constraints.ts';
import type { CelPolicySpec } from '../../model/cel-policy.ts';
import type { CompiledRule, Phase, ResourceSelector } from '../../model/compiled-policy.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import { compileWithAutogen } from '../compile-with-autogen.ts';
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
  const { variants, autogen } = compileWithAutogen(compilation, rewritePodReferences, compileVariant);
  return {
    rules: variants.map(({ rule }) => rule),
    selectors: variants.flatMap(({ selectors }) => selectors),
    concerns: (request, phase) =>
      variants.some(({ rule, concerns }) => rule.phases.has(phase) && request.payload !== true && concerns(request)),
    needs: NEEDS,
    vouchesForOthers: true,
    autogen,
  };
}

interface CompiledVariant {
  readonly rule: CompiledRule;
  readonly selectors: readonly ResourceSelector[];
  readonly concerns: (request: EvaluationRequest) => boolean;
}

function compileVariant(
  compilation: PolicyCompilation,
  spec: CelPolicySpec,
  autogen?: AutogenVariant['config']['name'],
): CompiledVariant {
  const parts = compileParts(compilation, spec);
  const phases = parts.demands.mutateDigest ? PHASES : VALIDATING;
  const constraints = spec.matchConstraints ?? MATCH_EVERYTHING;
  const { matches, concerns } = compileConstraints(constraints);
  const rule = createRule(compilation, parts, {
    about: autogen === undefined ? 'matchConstraints' : `autogen ${autogen}`,
    isVariant: autogen !== undefined,
    phases,
    matches: (request) => request.payload !== true && matches(request),
    activation: createActivation,
  });
  return { rule, selectors: constraintSelectors(constraints, phases, autogen), concerns };
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
