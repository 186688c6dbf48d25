import {
  ALL_RULE_KINDS,
  type CompiledPolicy,
  type CompileOptions,
  createEngine,
  type Phase,
  type Policy,
  rulesOf,
} from '@vouchsafe/engine';
import { type Diagnostic, formatDiagnostic, isError } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator/host';
import type { InvalidPolicy, UnsupportedPolicy } from '../inputs/policy-set.ts';
import type { RunnablePolicy } from './evaluate-resource.ts';

/** The policies that can run, and why the others cannot. */
export interface PreparedPolicies {
  readonly policies: readonly RunnablePolicy[];
  readonly invalid: readonly InvalidPolicy[];
  readonly unsupported: readonly UnsupportedPolicy[];
  /** Of policies that run: expressions that cannot be read, and so are errors where they are needed. */
  readonly warnings: readonly Diagnostic[];
}

/** Compiles each policy once with its exceptions. A policy of which a part is not executed does not run at all. */
export function preparePolicies(
  policies: readonly Policy[],
  links: CompileOptions,
  resolveRequestVariables = false,
): PreparedPolicies {
  const engine = createEngine({
    host: NODE_HOST,
    ruleKinds: ALL_RULE_KINDS,
    resolveRequestVariables,
    defersGenerated: true,
  });
  const runnable: RunnablePolicy[] = [];
  const invalid: InvalidPolicy[] = [];
  const unsupported: UnsupportedPolicy[] = [];
  const warnings: Diagnostic[] = [];
  for (const policy of policies) {
    const { compiled, diagnostics } = engine.compile(policy, links);
    const missing = diagnostics.find(({ code }) => code === 'policy-unsupported');
    const error = diagnostics.find(isError);
    const { name } = policy.ref;
    if (missing) unsupported.push({ name, reason: formatDiagnostic(missing) });
    else if (compiled) {
      warnings.push(...diagnostics.filter(({ code }) => code.startsWith('jmespath-')));
      runnable.push({
        policy,
        compiled,
        phases: policy.family === 'legacy' ? phasesOf(policy) : compiledPhases(compiled),
      });
    } else invalid.push({ name, reason: error ? formatDiagnostic(error) : 'the policy cannot be used', diagnostics });
  }
  return { policies: runnable, invalid, unsupported, warnings };
}

function compiledPhases({ rules }: CompiledPolicy): ReadonlySet<Phase> {
  return new Set(rules.flatMap(({ phases }) => [...phases]));
}

/** The phases upstream runs a policy in, by the kinds of its rules. */
function phasesOf(policy: Policy): ReadonlySet<Phase> {
  const phases = new Set<Phase>();
  for (const rule of rulesOf(policy)) {
    if (rule.mutate) phases.add('mutate');
    if (rule.generate) phases.add('generate');
    if (rule.validate || rule.verifyImages.some(({ verifyDigest, required }) => verifyDigest || required)) {
      phases.add('validate');
    }
    if (rule.verifyImages.length > 0) phases.add('verify-images');
  }
  return phases;
}
