import { CelError, type CelProgram, celTypes, createKubernetesEnvironment, formatIssues } from '@vouchsafe/cel';
import type { JsonObject, JsonValue } from '../store/json-value.ts';
import { isJsonObject, memberAt, objectAt, objectsAt, stringAt } from '../store/json-value.ts';
import type { FieldCause } from './status-error.ts';
import { invalidField } from './status-error.ts';

const { DYN } = celTypes;
// Made once: an environment is immutable and costs more than a rule.
const environment = createKubernetesEnvironment({ variables: { self: DYN, oldSelf: DYN } });
const REASONS = new Set(['FieldValueInvalid', 'FieldValueForbidden', 'FieldValueRequired', 'FieldValueDuplicate']);
const DEPTH_LIMIT = 64;
/** Rules of one object stop counting here: a list of thousands must not hold the server up. */
const FAILURE_LIMIT = 100;

interface Rule {
  readonly text: string;
  readonly program: CelProgram | undefined;
  readonly problem: string;
  readonly message: string;
  readonly messageProgram: CelProgram | undefined;
  readonly reason: string;
  /** Appended to the path of the value, such as `.replicas`. */
  readonly fieldPath: string;
  /** True for rules about a change: they need the value before. */
  readonly isTransition: boolean;
}

interface Node {
  readonly type: string;
  readonly rules: readonly Rule[];
  readonly properties: ReadonlyMap<string, Node>;
  readonly items: Node | undefined;
  readonly additional: Node | undefined;
}

/** Checks an object by the `x-kubernetes-validations` of its schema; undefined when the schema has none. */
export function compileValidationRules(
  schema: JsonObject,
): ((object: JsonObject, old: JsonObject | undefined) => FieldCause[]) | undefined {
  const root = compileNode(schema, 0);
  if (root === undefined) {
    return undefined;
  }
  return (object, old) => {
    const causes: FieldCause[] = [];
    checkNode(root, object, old, '', causes);
    return causes;
  };
}

/** A node for a schema that holds rules somewhere; undefined for the rest. */
function compileNode(schema: JsonObject | undefined, depth: number): Node | undefined {
  if (schema === undefined || depth > DEPTH_LIMIT) {
    return undefined;
  }
  const properties = new Map<string, Node>();
  for (const [name, property] of Object.entries(objectAt(schema, 'properties') ?? {})) {
    const node = isJsonObject(property) ? compileNode(property, depth + 1) : undefined;
    if (node !== undefined) {
      properties.set(name, node);
    }
  }
  const rules = objectsAt(schema, 'x-kubernetes-validations').map(compileRule);
  const items = compileNode(objectAt(schema, 'items'), depth + 1);
  const additional = compileNode(objectAt(schema, 'additionalProperties'), depth + 1);
  const empty = rules.length === 0 && properties.size === 0 && items === undefined && additional === undefined;
  return empty ? undefined : { type: stringAt(schema, 'type'), rules, properties, items, additional };
}

function compileRule(rule: JsonObject): Rule {
  const text = stringAt(rule, 'rule');
  const compiled = environment.compile(text);
  const messageExpression = stringAt(rule, 'messageExpression');
  const message = messageExpression === '' ? undefined : environment.compile(messageExpression);
  const reason = stringAt(rule, 'reason');
  return {
    text,
    program: 'issues' in compiled ? undefined : compiled.program,
    problem: 'issues' in compiled ? formatIssues(text, compiled.issues) : '',
    message: stringAt(rule, 'message'),
    messageProgram: message === undefined || 'issues' in message ? undefined : message.program,
    reason: REASONS.has(reason) ? reason : 'FieldValueInvalid',
    fieldPath: stringAt(rule, 'fieldPath'),
    isTransition: /\boldSelf\b/.test(text) && memberAt(rule, 'optionalOldSelf') !== true,
  };
}

function checkNode(node: Node, value: JsonValue, old: JsonValue | undefined, path: string, causes: FieldCause[]): void {
  for (const rule of node.rules) {
    if (causes.length < FAILURE_LIMIT && (!rule.isTransition || old !== undefined)) {
      const cause = checkRule(rule, node.type, value, old, path);
      if (cause !== undefined) {
        causes.push(cause);
      }
    }
  }
  if (Array.isArray(value) && node.items !== undefined) {
    // Elements of lists have no certain predecessor, so rules about changes do not reach them.
    for (const [index, item] of value.entries()) {
      checkNode(node.items, item, undefined, `${path}[${index}]`, causes);
    }
  } else if (isJsonObject(value)) {
    const before = isJsonObject(old) ? old : undefined;
    for (const [key, member] of Object.entries(value)) {
      const declared = node.properties.get(key);
      const child = declared ?? node.additional;
      const childPath = declared === undefined ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      if (child !== undefined) {
        checkNode(child, member, memberAt(before, key), childPath, causes);
      }
    }
  }
}

function checkRule(
  rule: Rule,
  type: string,
  self: JsonValue,
  oldSelf: JsonValue | undefined,
  path: string,
): FieldCause | undefined {
  const field = `${path === '' ? '<nil>' : path}${rule.fieldPath}`;
  if (rule.program === undefined) {
    return invalidField(field, type, `rule compile error: ${rule.problem}`);
  }
  const activation = { self, oldSelf: oldSelf ?? null };
  const result = rule.program.evaluate(activation);
  if (result === true) {
    return undefined;
  }
  if (result instanceof CelError) {
    return invalidField(field, type, `rule evaluation error: ${result.message}: evaluating rule: ${rule.text}`);
  }
  const made = rule.messageProgram?.evaluate(activation);
  const message = typeof made === 'string' && made !== '' ? made : rule.message || `failed rule: ${rule.text}`;
  return { ...invalidField(field, type, message), reason: rule.reason, ...textFor(rule.reason, type, message) };
}

/** The forms of field errors that carry no value. */
function textFor(reason: string, type: string, message: string): { message?: string } {
  switch (reason) {
    case 'FieldValueForbidden':
      return { message: `Forbidden: ${message}` };
    case 'FieldValueRequired':
      return { message: `Required value: ${message}` };
    case 'FieldValueDuplicate':
      return { message: `Duplicate value: ${JSON.stringify(type)}` };
    default:
      return {};
  }
}
