import type { JsonObject } from '../../kernel/json.ts';
import { isJsonArray, isJsonObject, member } from '../../kernel/json.ts';
import type { FailureAction } from '../../model/decision.ts';
import { readObject, readObjects } from '../../model/read-json.ts';
import type { LoadOptions } from '../load-options.ts';
import { checkAdvice } from './check-advice.ts';
import { checkConditions } from './check-conditions.ts';
import { checkContext } from './check-context.ts';
import { checkGenerate } from './check-generate.ts';
import { checkMatch } from './check-match.ts';
import { checkMutate } from './check-mutate.ts';
import { checkValidate } from './check-validate.ts';
import { checkVariables } from './check-variables.ts';
import { checkVerifyImages } from './check-verify-images.ts';
import type { Problems } from './problems.ts';

export interface RulePlace {
  readonly path: string;
  readonly name: string;
  /** Of the policy. */
  readonly kind: string;
  /** Of a namespaced policy, where it says so. */
  readonly namespace: string | undefined;
  readonly policyAction: FailureAction;
  readonly background: boolean;
  readonly options: LoadOptions;
  readonly spec: JsonObject;
}

const OPERATIONS = ['mutate', 'validate', 'generate', 'verifyImages'] as const;

export function checkRule(rule: JsonObject, place: RulePlace, problems: Problems): void {
  const operations = OPERATIONS.filter((operation) => isFilled(rule, operation));
  checkOperations(operations, rule, place, problems);
  checkMatch(rule, place, problems);
  checkContext(readObjects(rule, 'context'), `${place.path}.context`, problems);
  checkConditions(member(rule, 'preconditions'), `${place.path}.preconditions`, problems);
  checkVariables(rule, place, problems);
  checkAdvice(rule, place, problems);
  checkCelPreconditions(rule, operations, place, problems);
  const validate = readObject(rule, 'validate');
  if (operations.includes('validate') && validate) checkValidate(rule, validate, place.path, problems);
  const mutate = readObject(rule, 'mutate');
  if (operations.includes('mutate') && mutate) checkMutate(mutate, place, problems);
  const generate = readObject(rule, 'generate');
  if (operations.includes('generate') && generate) checkGenerate(generate, place, problems);
  if (operations.includes('verifyImages')) checkVerifyImages(rule, place, problems);
}

function checkCelPreconditions(
  rule: JsonObject,
  [operation]: readonly string[],
  { path }: RulePlace,
  problems: Problems,
): void {
  if (readObjects(rule, 'celPreconditions').length === 0 || isFilled(readObject(rule, 'validate') ?? {}, 'cel')) return;
  const at = operation === undefined ? path : `${path}.${operation}`;
  problems.error(at, 'celPrecondition can only be used with validate.cel', 'policy-conflict');
}

function isFilled(rule: JsonObject, operation: string): boolean {
  const body = member(rule, operation);
  if (isJsonArray(body)) return body.some((entry) => isJsonObject(entry) && Object.keys(entry).length > 0);
  return isJsonObject(body) && Object.keys(body).length > 0;
}

function checkOperations(
  operations: readonly string[],
  rule: JsonObject,
  { path, name }: RulePlace,
  problems: Problems,
): void {
  const supported = OPERATIONS.join(',');
  if (operations.length === 0) {
    const message = `No operation defined in the rule '${name}'.(supported operations: ${supported})`;
    problems.error(path, message, 'policy-missing-field');
  } else if (operations.length > 1) {
    const message = `Multiple operations defined in the rule '${name}', only one operation (${supported}) is allowed per rule`;
    problems.error(path, message, 'policy-conflict');
  }
  if (readObject(rule, 'imageExtractors') && !operations.includes('verifyImages')) {
    const message = `Invalid rule spec for rule '${name}', imageExtractors can only be defined for verifyImages rule`;
    problems.error(`${path}.imageExtractors`, message, 'policy-conflict');
  }
}
