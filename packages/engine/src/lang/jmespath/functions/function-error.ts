import { EvaluationError } from '../../../kernel/evaluation-error.ts';

/** Kyverno's text of a failure inside a function: `JMESPath function 'round': …`. */
export function functionError(name: string, message: string): EvaluationError {
  return new EvaluationError(`JMESPath function '${name}': ${message}`);
}

/** `position` counts from 1. */
export function argumentError(name: string, position: number, type: string): EvaluationError {
  return functionError(name, `argument #${position} is not of type ${type}`);
}
