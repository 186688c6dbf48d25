import { isError } from '../kernel/diagnostics/diagnostic.ts';
import type { JsonObject } from '../kernel/json.ts';
import { type AutogenConfig, autogenConfigs, toAutogenStatus } from '../lang/cel/pod-autogen.ts';
import type { CelPolicySpec } from '../model/cel-policy.ts';
import { toCelSpec } from '../model/cel-policy-document.ts';
import type { PolicyCompilation } from './policy-kind.ts';

export interface WithAutogen<Variant> {
  /** The policy as it is written first. */
  readonly variants: readonly Variant[];
  /** `status.autogen.configs`. */
  readonly autogen: JsonObject;
}

/**
 * Compiles a policy and, where it is about Pods alone, what `rewrite` makes of its spec for their controllers (kyverno-cel
 * §5). What is wrong with the policy is wrong with its variants, and told once.
 */
export function compileWithAutogen<Variant>(
  compilation: PolicyCompilation,
  rewrite: (written: JsonObject, config: AutogenConfig) => JsonObject,
  compile: (compilation: PolicyCompilation, spec: CelPolicySpec, autogen?: AutogenConfig['name']) => Variant,
): WithAutogen<Variant> {
  const { policy, report } = compilation;
  let isBroken = false;
  const noting: PolicyCompilation = {
    ...compilation,
    report: (diagnostic) => {
      isBroken ||= isError(diagnostic);
      report(diagnostic);
    },
  };
  const own = compile(noting, policy.spec);
  if (isBroken) return { variants: [own], autogen: toAutogenStatus([]) };
  const rewritten = autogenConfigs(policy.spec).map((config) => ({
    config,
    spec: rewrite(policy.spec.written, config),
  }));
  const quiet: PolicyCompilation = {
    ...compilation,
    report: (diagnostic) => {
      if (isError(diagnostic)) report(diagnostic);
    },
  };
  return {
    variants: [own, ...rewritten.map(({ config, spec }) => compile(quiet, toCelSpec(spec), config.name))],
    autogen: toAutogenStatus(rewritten),
  };
}
