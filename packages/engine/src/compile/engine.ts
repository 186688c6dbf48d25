import type { Diagnostic } from '../kernel/diagnostics/diagnostic.ts';
import type { EngineHost } from '../kernel/host.ts';
import type { AdmissionPolicyBinding, CelPolicyException } from '../model/cel-policy.ts';
import type { CompiledPolicy } from '../model/compiled-policy.ts';
import type { Policy, PolicyException } from '../model/policy.ts';
import type { RuleKind } from '../rules/rule-kind.ts';

export interface EngineOptions {
  readonly host: EngineHost;
  /** The rule kinds it executes; all built-in ones when absent. */
  readonly ruleKinds?: readonly RuleKind[];
  /** How image references are completed; Docker Hub's when absent. */
  readonly images?: ImageDefaults;
  /** Most bytes of JSON that context entries of one rule may hold (`maxContextSize`); 2 MiB when absent. */
  readonly maxContextSize?: number;
  /**
   * Whether `{{ }}` in values that come with a request is resolved where they become part of a longer text, as upstream.
   * Whoever submits an object may then read what policies load.
   */
  readonly resolveRequestVariables?: boolean;
  /**
   * Compiles what autogen makes of validate rules when a first object of its kinds comes. For programs that judge a few
   * objects and end; where requests wait, everything is compiled before the first.
   */
  readonly defersGenerated?: boolean;
}

/** The ConfigMap's `defaultRegistry` and `enableDefaultRegistryMutation`. */
export interface ImageDefaults {
  readonly defaultRegistry: string;
  readonly enableDefaultRegistryMutation: boolean;
}

export interface CompileOptions {
  /** The exceptions in force; those that name the policy are linked into its rules. */
  readonly exceptions?: readonly PolicyException[];
  /** The exceptions of policies.kyverno.io, for policies in CEL. */
  readonly celExceptions?: readonly CelPolicyException[];
  /** The bindings of Kubernetes' admission policies. */
  readonly bindings?: readonly AdmissionPolicyBinding[];
}

export interface Compilation {
  /** Absent when a diagnostic is an error: a policy runs whole or not at all. */
  readonly compiled?: CompiledPolicy;
  readonly diagnostics: readonly Diagnostic[];
}

/** Frozen; engines share nothing. */
export interface Engine {
  compile(policy: Policy, options?: CompileOptions): Compilation;
}
