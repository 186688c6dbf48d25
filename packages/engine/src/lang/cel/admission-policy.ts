import { type Activation, CelError, celTypes } from '@vouchsafe/cel';
import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { readText } from '../../model/read-json.ts';
import { compileAdmissionVariables, type PartList, withAdmissionVariables } from './admission-variables.ts';
import {
  type CelAsking,
  type CelExpression,
  type CelTools,
  compileCel,
  environmentFor,
  evaluateNamed,
} from './cel-expression.ts';
import { CostBudget, OUT_OF_BUDGET } from './cost-budget.ts';
import { allHold, compileMatchConditions } from './match-conditions.ts';

/** The parts of an admission policy in CEL, as written, each list with the path it stands at. */
export interface AdmissionPolicyParts {
  readonly matchConditions: PartList;
  readonly variables: PartList;
  readonly validations: PartList;
  readonly auditAnnotations: PartList;
  /** For validations without a message. */
  readonly message?: string;
  readonly hasParams: boolean;
  readonly hasAuthorizer: boolean;
  readonly report: (diagnostic: Diagnostic) => void;
}

/** What the validations come to: the first that does not admit decides. */
export type AdmissionVerdict =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'not-matched' }
  | { readonly kind: 'denied'; readonly message: string; readonly reason: string }
  | { readonly kind: 'error'; readonly message: string };

export interface CompiledAdmissionPolicy {
  /** Throws only `Need`. */
  readonly evaluate: (activation: Activation, host?: unknown) => AdmissionVerdict;
  /** Whether some expression reads the variable. */
  readonly reads: (variable: string) => boolean;
}

const ADMITTED: AdmissionVerdict = Object.freeze({ kind: 'admitted' });
const NOT_MATCHED: AdmissionVerdict = Object.freeze({ kind: 'not-matched' });
/** Longer messages of a `messageExpression` do not count. */
const MESSAGE_BYTES = 5 * 1024;

interface Validation {
  readonly expression: CelExpression;
  readonly message: string;
  readonly messageExpression: CelExpression | undefined;
  readonly reason: string;
}

/** Compiles variables, conditions and validations as Kubernetes evaluates them (kyverno-cel §6.2, §6.3). */
export function compileAdmissionPolicy(parts: AdmissionPolicyParts): CompiledAdmissionPolicy {
  const { hasParams, hasAuthorizer, report } = parts;
  const tools: CelTools = {
    environment: environmentFor(parts.variables.items.length > 0),
    names: { params: hasParams, authorizer: hasAuthorizer },
    report,
    severity: 'warning',
  };
  const variables = compileAdmissionVariables(parts.variables, tools);
  const conditions = compileMatchConditions(parts.matchConditions.items, parts.matchConditions.path, tools);
  const validations = parts.validations.items.map((item, index) =>
    compileValidation(item, `${parts.validations.path}[${index}]`, parts.message ?? '', tools),
  );
  checkAuditAnnotations(parts.auditAnnotations, tools);
  const read = new Set([
    ...conditions.flatMap(({ variables: names }) => names),
    ...variables.flatMap(([, expression]) => expression.variables),
    ...validations.flatMap(({ expression, messageExpression }) => [
      ...expression.variables,
      ...(messageExpression?.variables ?? []),
    ]),
  ]);
  return {
    reads: (variable) => read.has(variable),
    evaluate: (given, host) => {
      const asking: CelAsking = { budget: new CostBudget(), host };
      const activation = withAdmissionVariables(given, variables, asking);
      const matched = allHold(conditions, activation, asking);
      if (matched instanceof CelError) return { kind: 'error', message: matched.message };
      return matched ? validate(validations, activation, asking) : NOT_MATCHED;
    },
  };
}

function compileValidation(item: JsonObject, path: string, ruleMessage: string, tools: CelTools): Validation {
  const messageExpression = readText(item, 'messageExpression') ?? '';
  // Messages are told to whoever asked, so they may not tell what others may do.
  const messageTools = { ...tools, names: { ...tools.names, authorizer: false } };
  return {
    expression: compileCel(readText(item, 'expression') ?? '', [celTypes.BOOL], `${path}.expression`, tools),
    message: (readText(item, 'message') || ruleMessage).trim(),
    messageExpression:
      messageExpression === ''
        ? undefined
        : compileCel(messageExpression, [celTypes.STRING], `${path}.messageExpression`, messageTools),
    reason: readText(item, 'reason') || 'Invalid',
  };
}

/** Their values go nowhere, so they are only checked. */
function checkAuditAnnotations({ items, path }: PartList, tools: CelTools): void {
  for (const [index, item] of items.entries()) {
    const text = readText(item, 'valueExpression') ?? '';
    compileCel(text, [celTypes.STRING, celTypes.NULL_TYPE], `${path}[${index}].valueExpression`, tools);
  }
}

/** Upstream evaluates all and then looks for the first that does not admit; only costs could tell the difference. */
function validate(validations: readonly Validation[], activation: Activation, asking: CelAsking): AdmissionVerdict {
  for (const validation of validations) {
    const value = evaluateNamed(validation.expression, activation, asking);
    if (asking.budget.isSpent) return { kind: 'error', message: OUT_OF_BUDGET };
    if (value instanceof CelError) return { kind: 'error', message: value.message };
    if (value === true) continue;
    return { kind: 'denied', message: denialOf(validation, activation, asking), reason: validation.reason };
  }
  return ADMITTED;
}

function denialOf(
  { expression, message, messageExpression }: Validation,
  activation: Activation,
  asking: CelAsking,
): string {
  const told = messageExpression?.evaluate(activation, asking);
  const text = typeof told === 'string' ? told.trim() : '';
  if (text !== '' && !text.includes('\n') && isShort(text)) return text;
  return message || `failed expression: ${expression.text.trim()}`;
}

/** Whether it takes at most `MESSAGE_BYTES` in UTF-8. */
function isShort(text: string): boolean {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > MESSAGE_BYTES) return false;
  }
  return true;
}
