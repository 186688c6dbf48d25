import type { AutogenVariant } from '../../lang/cel/pod-autogen.ts';
import { rewritePodReferences } from '../../lang/cel/pod-references.ts';
import { createActivation, createPayloadActivation } from '../../lang/cel/policy-scope.ts';
import { compileConstraints, constraintSelectors } from '../../match/match-constraints.ts';
import type { CelPolicySpec } from '../../model/cel-policy.ts';
import type { CompiledRule, ResourceSelector } from '../../model/compiled-policy.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import { compileWithAutogen } from '../compile-with-autogen.ts';
import type { PolicyBody, PolicyCompilation, PolicyKind } from '../policy-kind.ts';
import { compileForAuthorization } from './authorization.ts';
import { compileParts } from './compile-parts.ts';
import { createRule, PHASES } from './create-rule.ts';
import type { ValidatingParts } from './judge.ts';

/** ValidatingPolicy and NamespacedValidatingPolicy (kyverno-cel §4.2). */
export const validatingPolicies: PolicyKind = {
  kinds: ['ValidatingPolicy'],
  phases: PHASES,
  compile: (compilation) => {
    const { mode } = compilation.policy.spec;
    if (mode === 'Envoy' || mode === 'HTTP') return compileForAuthorization(compilation, mode);
    return mode === 'JSON' ? compileForPayloads(compilation) : compileForResources(compilation);
  },
};

/** A policy about objects of Kubernetes, with what autogen makes of it. */
function compileForResources(compilation: PolicyCompilation): PolicyBody {
  const { variants, autogen } = compileWithAutogen(compilation, rewritePodReferences, compileVariant);
  const compiled = variants.filter(isDefined);
  return {
    rules: compiled.map(({ rule }) => rule),
    selectors: compiled.flatMap(({ selectors }) => selectors),
    concerns: (request, phase) => phase === 'validate' && compiled.some(({ concerns }) => concerns(request)),
    needs: new Set(compiled.flatMap(({ parts }) => [...parts.needs])),
    autogen,
  };
}

interface CompiledVariant {
  readonly parts: ValidatingParts;
  readonly rule: CompiledRule;
  readonly selectors: readonly ResourceSelector[];
  readonly concerns: (request: EvaluationRequest) => boolean;
}

/** Without constraints nothing matches (kyverno-cel §4.1). */
function compileVariant(
  compilation: PolicyCompilation,
  spec: CelPolicySpec,
  autogen?: AutogenVariant['config']['name'],
): CompiledVariant | undefined {
  const parts = compileParts(compilation, spec);
  const constraints = spec.matchConstraints;
  if (!constraints) return undefined;
  const { matches, concerns, isOfShape } = compileConstraints(constraints);
  return {
    parts,
    rule: createRule(compilation, parts, {
      about: autogen === undefined ? 'matchConstraints' : `autogen ${autogen}`,
      isVariant: autogen !== undefined,
      matches: (request) => request.payload !== true && matches(request),
      isOfShape,
      activation: createActivation,
    }),
    selectors: constraintSelectors(constraints, PHASES, autogen),
    concerns,
  };
}

/** A policy about payloads: whatever is asked where there is no cluster, and nothing in one (kyverno-cel §8.1). */
function compileForPayloads(compilation: PolicyCompilation): PolicyBody {
  const parts = compileParts(compilation, compilation.policy.spec);
  const matches = ({ payload, standIns, checkedBy }: EvaluationRequest): boolean =>
    checkedBy === undefined && (payload === true || standIns !== undefined);
  return {
    rules: [createRule(compilation, parts, { about: 'payloads', matches, activation: createPayloadActivation })],
    selectors: [],
    concerns: (request, phase) => phase === 'validate' && matches(request),
    needs: parts.needs,
  };
}

function isDefined<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}
