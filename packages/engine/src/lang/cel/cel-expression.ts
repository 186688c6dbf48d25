import {
  type Activation,
  type AdmissionPolicyEnvironment,
  type AdmissionPolicyNames,
  CelError,
  type CelResult,
  celTypes,
  createAdmissionPolicyEnvironment,
  formatIssues,
} from '@vouchsafe/cel';
import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import type { CostBudget } from './cost-budget.ts';

export interface CelTools {
  readonly environment: AdmissionPolicyEnvironment;
  readonly names: AdmissionPolicyNames;
  readonly report: (diagnostic: Diagnostic) => void;
  /** Of what is wrong with an expression: `error` where the policy is then refused. */
  readonly severity: Diagnostic['severity'];
}

/** An expression, or why it cannot be compiled: that is its result each time, as in Kubernetes. */
export interface CelExpression {
  readonly text: string;
  /** Throws only what a host throws (`Need`). */
  readonly evaluate: (activation: Activation, asking: CelAsking) => CelResult;
  /** Names of variables it reads. */
  readonly variables: readonly string[];
  readonly type: celTypes.CelType;
}

/** One evaluation: what may still be spent, and who answers an `authorizer`. */
export interface CelAsking {
  readonly budget: CostBudget;
  readonly host?: unknown;
}

/** Without variables of their own all expressions share one environment, which nobody adds to. */
const SHARED = createAdmissionPolicyEnvironment();

export function environmentFor(hasVariables: boolean): AdmissionPolicyEnvironment {
  return hasVariables ? createAdmissionPolicyEnvironment() : SHARED;
}

/** Compiles an expression whose value must be of one of `types`, exactly; any when none is given (kyverno-cel §2.6). */
export function compileCel(
  text: string,
  types: readonly celTypes.CelType[],
  path: string,
  { environment, names, report, severity }: CelTools,
): CelExpression {
  const compiled = environment.compile(text, names);
  if ('issues' in compiled) {
    const [first] = compiled.issues;
    const isSyntax = first?.message.startsWith('Syntax error') === true;
    report({
      code: isSyntax ? 'cel-syntax' : 'cel-type',
      severity,
      message: `\`${text.trim()}\`, line ${first?.line ?? 1}, column ${first?.column ?? 1}: ${first?.message ?? ''}`,
      path,
    });
    return failing(text, `compilation failed: ${formatIssues(text, compiled.issues)}`);
  }
  const { program, resultType } = compiled;
  if (types.length > 0 && !types.some((type) => celTypes.isSameType(type, resultType))) {
    const wanted = types.map(celTypes.formatType);
    const must =
      wanted.length === 1 ? `must evaluate to ${wanted[0]}` : `must evaluate to one of [${wanted.join(' ')}]`;
    const message = `\`${text.trim()}\` ${must}, and is ${celTypes.formatType(resultType)}`;
    report({ code: 'cel-type', severity, message, path });
    return failing(text, must);
  }
  return {
    text,
    variables: program.variables,
    type: resultType,
    evaluate: (activation, { budget, host }) => {
      const { value, cost } = program.measure(activation, host === undefined ? {} : { host });
      budget.spend(cost);
      return value;
    },
  };
}

function failing(text: string, reason: string): CelExpression {
  const error = new CelError(`compilation error: ${reason}`);
  return { text, variables: [], type: celTypes.DYN, evaluate: () => error };
}

/** The expression's value or error; errors say which expression, as Kubernetes words it. */
export function evaluateNamed(expression: CelExpression, activation: Activation, asking: CelAsking): CelResult {
  const value = expression.evaluate(activation, asking);
  if (!(value instanceof CelError) || value.message.startsWith('compilation error: ')) return value;
  return new CelError(`expression '${expression.text}' resulted in error: ${value.message}`);
}
