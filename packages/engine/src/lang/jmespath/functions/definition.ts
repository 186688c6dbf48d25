import type { EvaluationError } from '../../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../../kernel/host.ts';
import type { Json } from '../../../kernel/json.ts';

/** The types of the dialect, named as its error messages name them. */
export type ParameterType =
  | 'number'
  | 'string'
  | 'array'
  | 'object'
  | 'array[number]'
  | 'array[string]'
  | 'expref'
  | 'any';

export type ReturnType = Exclude<ParameterType, 'expref'> | 'boolean';

export interface Parameter {
  readonly name: string;
  /** Any of these. */
  readonly types: readonly ParameterType[];
  /** Takes one or more arguments; only the last parameter can. */
  readonly variadic?: boolean;
}

/** `&expression`, as an argument. */
export class ExpressionReference {
  readonly evaluate: (value: Json) => Json | EvaluationError;

  constructor(evaluate: (value: Json) => Json | EvaluationError) {
    this.evaluate = evaluate;
  }
}

/** What a call can ask of the evaluation it happens in. */
export interface CallContext {
  /** Milliseconds since the epoch; NaN when the evaluation has no clock. */
  readonly now: number;
  /** Accounts for work that the size of the arguments does not show; an error when there was too much. */
  spend(steps: number): EvaluationError | undefined;
}

/**
 * The body of a function. Arguments have been checked against the parameters, so a body may rely on their types; an
 * argument whose key was missing is null.
 */
export type FunctionBody = (args: readonly Argument[], context: CallContext) => Json | EvaluationError;
export type Argument = Json | ExpressionReference;

export interface FunctionExample {
  readonly expression: string;
  /** The root value; `{}` when absent. */
  readonly input?: Json;
  readonly result: Json;
}

export interface FunctionDefinition {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly returns: ReturnType;
  /** One line, no final stop. */
  readonly summary: string;
  readonly example: FunctionExample;
  /** Called once for each place an expression calls the function, so a body may remember what it compiled last. */
  readonly bind: (host: EngineHost) => FunctionBody;
}

/** A definition whose body needs no host and remembers nothing. */
export function definePure(
  definition: Omit<FunctionDefinition, 'bind'> & { readonly call: FunctionBody },
): FunctionDefinition {
  const { call, ...rest } = definition;
  return { ...rest, bind: () => call };
}

export function parameter(name: string, ...types: readonly ParameterType[]): Parameter {
  return { name, types };
}

/** `compile`, remembering its last input: arguments such as patterns are mostly constant. */
export function rememberLast<Value>(compile: (text: string) => Value): (text: string) => Value {
  let lastText: string | undefined;
  let lastValue: Value;
  return (text) => {
    if (text !== lastText) {
      lastValue = compile(text);
      lastText = text;
    }
    return lastValue;
  };
}
