import {
  CelError,
  type CelProgram,
  type CelValue,
  celTypes,
  createKubernetesEnvironment,
  formatIssues,
} from '@vouchsafe/cel';
import type { JsonObject } from '../../store/json-value.ts';

/** What the expressions of a policy see. Absent values are null. */
export interface PolicyActivation {
  readonly object: JsonObject | null;
  readonly oldObject: JsonObject | null;
  readonly request: JsonObject;
  readonly params: JsonObject | null;
  readonly namespaceObject: JsonObject | null;
  readonly variables: { readonly [name: string]: CelValue };
}

/** A value, or the text of the error. */
export type ExpressionResult =
  | { readonly ok: true; readonly value: CelValue }
  | { readonly ok: false; readonly message: string };

/** A compiled expression of a policy. */
export type PolicyExpression = (activation: PolicyActivation) => ExpressionResult;

const { DYN } = celTypes;
const VARIABLES = { object: DYN, oldObject: DYN, request: DYN, params: DYN, namespaceObject: DYN, variables: DYN };
// Made once: an environment is immutable and costs more than an expression.
const checks = createKubernetesEnvironment({ variables: VARIABLES });
const mutations = createKubernetesEnvironment({ variables: VARIABLES, resolveType: literalType });

/** `Object{...}`, `Object.spec{...}` and `JSONPatch{...}` are plain objects with the members given. */
function literalType(name: string) {
  if (name !== 'JSONPatch' && name !== 'Object' && !name.startsWith('Object.')) {
    return undefined;
  }
  return {
    name,
    type: DYN,
    fieldType: () => DYN,
    construct: (fields: ReadonlyMap<string, CelValue>): CelValue => Object.fromEntries(fields),
  };
}

/** Compiles a check; one that does not compile is an error of every evaluation. */
export function compilePolicyExpression(text: string): PolicyExpression {
  return compile(checks, text);
}

/** Compiles the expression of a mutation, which may build objects and patches. */
export function compileMutationExpression(text: string): PolicyExpression {
  return compile(mutations, text);
}

function compile(environment: typeof checks, text: string): PolicyExpression {
  const compiled = environment.compile(text);
  if ('issues' in compiled) {
    const message = `compilation error: ${formatIssues(text, compiled.issues)}`;
    return () => ({ ok: false, message });
  }
  return (activation) => run(compiled.program, activation);
}

function run(program: CelProgram, activation: PolicyActivation): ExpressionResult {
  const value = program.evaluate({ ...activation });
  return value instanceof CelError ? { ok: false, message: value.message } : { ok: true, value };
}
