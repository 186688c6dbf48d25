import type { Policy } from '../model/policy.ts';
import { RULE_KINDS } from '../rules/index.ts';
import { compileCelPolicy } from './compile-cel-policy.ts';
import { compileCleanupPolicy } from './compile-cleanup-policy.ts';
import { compileLegacyPolicy } from './compile-policy.ts';
import type { Compilation, CompileOptions, Engine, EngineOptions } from './engine.ts';

/** An engine for one runtime. It holds no state: compiling the same policy twice gives two equal results. */
export function createEngine(options: EngineOptions): Engine {
  const {
    host,
    images,
    maxContextSize,
    resolveRequestVariables = false,
    defersGenerated = false,
    ruleKinds = RULE_KINDS,
  } = options;
  const tools = {
    host,
    ruleKinds: [...ruleKinds],
    defersGenerated,
    ...(images ? { images } : {}),
    resolveRequestVariables,
    ...(maxContextSize === undefined ? {} : { maxContextSize }),
  };
  return Object.freeze({
    compile(policy: Policy, options: CompileOptions = {}): Compilation {
      const { exceptions = [], celExceptions = [], bindings = [] } = options;
      if (policy.family === 'cel') return compileCelPolicy(policy, { exceptions: celExceptions, bindings }, tools);
      if (policy.family === 'cleanup') return compileCleanupPolicy(policy, tools);
      return compileLegacyPolicy(policy, exceptions, tools);
    },
  });
}
