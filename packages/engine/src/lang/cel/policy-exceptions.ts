import { CelError, type CelValue } from '@vouchsafe/cel';
import type { CelPolicyException } from '../../model/cel-policy.ts';
import type { FailurePolicy, RuleResult } from '../../model/decision.ts';
import type { PolicyExpression, PolicyLanguage, PolicyScope } from './policy-language.ts';
import { compileConditionList, conditionsHold } from './policy-parts.ts';

/** The exceptions of one policy, compiled in its language. */
export interface PolicyExceptions {
  /**
   * Those in force at `now` (milliseconds since the epoch) whose conditions hold. An error that decides is returned: the
   * policy then has no verdict. Throws only what the host throws (`Need`).
   */
  readonly find: (scope: PolicyScope, now: number) => FoundExceptions | CelError;
}

export interface FoundExceptions {
  /** Set when one of them takes the object out of the policy. */
  readonly exemption: Exemption | undefined;
  /** The variable `exceptions`: what partial exceptions allow. */
  readonly allowed: CelValue;
}

export interface Exemption {
  readonly status: 'skip' | 'pass';
  readonly message: string;
  /** Of all exceptions that matched, partial ones too: `namespace/name`. */
  readonly keys: readonly string[];
}

export interface ExceptionRules {
  /** `images` and `allowedValues` make an exception partial; else each that matches exempts. */
  readonly partial: boolean;
  /** The exception may ask to be reported as `pass`. */
  readonly reportResult: boolean;
  /** Under `Ignore` an exception whose conditions cannot be told does not apply; else it is an error. */
  readonly failurePolicy: FailurePolicy;
}

interface CompiledException {
  readonly exception: CelPolicyException;
  readonly conditions: readonly PolicyExpression[];
  readonly isPartial: boolean;
}

const NOTHING_ALLOWED: CelValue = Object.freeze({ allowedImages: Object.freeze([]), allowedValues: Object.freeze([]) });
const NONE: FoundExceptions = Object.freeze({ exemption: undefined, allowed: NOTHING_ALLOWED });

/**
 * Compiles the exceptions of a policy (kyverno-cel §4.2, §4.7). One that does not compile is left out with a warning: whoever
 * writes exceptions in a namespace cannot switch a policy off by a broken one. One whose time has come never applies.
 */
export function compilePolicyExceptions(
  exceptions: readonly CelPolicyException[],
  language: PolicyLanguage,
  rules: ExceptionRules,
): PolicyExceptions {
  const compiled = exceptions.flatMap((exception) => compileException(exception, language, rules) ?? []);
  if (compiled.length === 0) return { find: () => NONE };
  return { find: (scope, now) => findExceptions(compiled, scope, now, rules) };
}

function compileException(
  exception: CelPolicyException,
  language: PolicyLanguage,
  { partial }: ExceptionRules,
): CompiledException | undefined {
  const { matchConditions, images, allowedValues, sources, key } = exception;
  const lenient = language.reportingTo((diagnostic) => {
    const range = sources(diagnostic.path ?? '', diagnostic.offset);
    language.report({
      ...diagnostic,
      severity: 'warning',
      message: `exception ${key} is left out: ${diagnostic.message}`,
      ...(range ? { range } : {}),
    });
  });
  const conditions = compileConditionList(matchConditions, 'spec.matchConditions', lenient);
  if (conditions.length < matchConditions.length) return undefined;
  return { exception, conditions, isPartial: partial && images.length + allowedValues.length > 0 };
}

function findExceptions(
  compiled: readonly CompiledException[],
  scope: PolicyScope,
  now: number,
  rules: ExceptionRules,
): FoundExceptions | CelError {
  const matched: CelPolicyException[] = [];
  const allowedImages: string[] = [];
  const allowedValues: string[] = [];
  let exempts = false;
  for (const { exception, conditions, isPartial } of compiled) {
    if (exception.expiresAt !== undefined && exception.expiresAt <= now) continue;
    const holds = conditionsHold(conditions, scope);
    if (holds instanceof CelError) {
      if (exempts || rules.failurePolicy === 'Ignore') continue;
      return holds;
    }
    if (!holds) continue;
    matched.push(exception);
    if (!isPartial) exempts = true;
    if (exempts) continue;
    allowedImages.push(...exception.images);
    allowedValues.push(...exception.allowedValues);
  }
  if (exempts) return { exemption: toExemption(matched, rules), allowed: NOTHING_ALLOWED };
  return matched.length === 0 ? NONE : { exemption: undefined, allowed: { allowedImages, allowedValues } };
}

function toExemption(matched: readonly CelPolicyException[], { reportResult }: ExceptionRules): Exemption {
  const highest = matched.reduce((best, one) => (one.priority > best.priority ? one : best));
  const status = reportResult ? highest.reportResult : 'skip';
  const keys = matched.map(({ key }) => key);
  const word = status === 'pass' ? 'passed' : 'skipped';
  return { status, keys, message: `rule is ${word} due to policy exception: ${keys.join(', ')}` };
}

/** What the result of a policy says that an exemption keeps from judging; the kind adds its type and action. */
export function exemptedResult({
  status,
  message,
  keys,
}: Exemption): Pick<RuleResult, 'rule' | 'status' | 'message' | 'exceptions'> {
  return { rule: 'exception', status, message, exceptions: keys };
}
