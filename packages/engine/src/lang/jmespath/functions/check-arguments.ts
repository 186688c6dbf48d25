import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject } from '../../../kernel/json.ts';
import { formatGoValue } from '../go-value.ts';
import {
  type Argument,
  ExpressionReference,
  type FunctionDefinition,
  type Parameter,
  type ParameterType,
} from './definition.ts';

const WRONG_COUNT = new EvaluationError('incorrect number of args');
const TOO_FEW = new EvaluationError('Invalid arity.');

/** The error of a call with `count` arguments; upstream lets a function without parameters take any number. */
export function checkCount(definition: FunctionDefinition, count: number): EvaluationError | undefined {
  const { parameters } = definition;
  if (parameters.length === 0) return undefined;
  if (parameters.at(-1)?.variadic) return count < parameters.length ? TOO_FEW : undefined;
  return count === parameters.length ? undefined : WRONG_COUNT;
}

/** The error of the first argument of a wrong type, in upstream's words. */
export function checkTypes(parameters: readonly Parameter[], args: readonly Argument[]): EvaluationError | undefined {
  for (let index = 0; index < args.length; index++) {
    const parameter = parameters[Math.min(index, parameters.length - 1)];
    const value = args[index];
    if (parameter === undefined || value === undefined) continue;
    if (!isOfAnyType(value, parameter.types)) return wrongType(value, parameter.types);
  }
  return undefined;
}

function wrongType(value: Argument, types: readonly ParameterType[]): EvaluationError {
  const shown = value instanceof ExpressionReference ? '&expression' : formatGoValue(value);
  const expected = types.map((type) => JSON.stringify(type)).join(', ');
  return new EvaluationError(`Invalid type for: ${shown}, expected: []jmespath.JpType{${expected}}`);
}

function isOfAnyType(value: Argument, types: readonly ParameterType[]): boolean {
  for (const type of types) if (isOfType(value, type)) return true;
  return false;
}

function isOfType(value: Argument, type: ParameterType): boolean {
  if (value instanceof ExpressionReference) return type === 'expref';
  switch (type) {
    case 'number':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isJsonObject(value);
    case 'array[number]':
      return isJsonArray(value) && value.every((item) => typeof item === 'number');
    case 'array[string]':
      return isJsonArray(value) && value.every((item) => typeof item === 'string');
    case 'any':
      return true;
    case 'expref':
      return false;
  }
}
