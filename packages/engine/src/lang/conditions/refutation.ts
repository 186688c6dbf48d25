import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { compileEach, compileText, type QuickTest, type Visit } from '../jmespath/compile-each.ts';
import { parseQuietly } from '../jmespath/parse-quietly.ts';
import type { SyntaxNode } from '../jmespath/syntax-tree.ts';
import { findVariables, mayHoldVariable, readVariable } from '../variables/variable-text.ts';
import { findOperator } from './operators/list.ts';

/**
 * Tells of some conditions that they certainly do not hold, from the variables `request.object` and `element` alone and
 * without making any value: what happens for nearly every resource. `false`: only their evaluation tells. `undefined` for
 * conditions of other shapes than `AnyNotIn` on a list, or one text beside another.
 */
export function compileRefutation(conditions: Json | undefined): QuickTest | undefined {
  if (!isJsonObject(conditions)) return undefined;
  const any = readConditions(member(conditions, 'any'));
  const all = readConditions(member(conditions, 'all'));
  // Of both, the conditions of the other block are asked too, and may end in an error.
  if (any === 'absent' && all !== 'absent') return all[0] && refuteOne(all[0]);
  return all === 'absent' && any !== 'absent' ? refuteEach(any) : undefined;
}

function readConditions(block: Json | undefined): readonly JsonObject[] | 'absent' {
  if (block === undefined || block === null) return 'absent';
  return isJsonArray(block) && block.every(isJsonObject) ? block : [];
}

function refuteEach(conditions: readonly JsonObject[]): QuickTest | undefined {
  const tests = conditions.map(refuteOne).filter((test) => test !== undefined);
  if (tests.length === 0 || tests.length < conditions.length) return undefined;
  const [only] = tests;
  return tests.length === 1 ? only : (roots) => tests.every((test) => test(roots));
}

function refuteOne(condition: JsonObject): QuickTest | undefined {
  const operator = member(condition, 'operator');
  const key = member(condition, 'key');
  const value = member(condition, 'value');
  if (typeof key !== 'string' || typeof operator !== 'string') return undefined;
  if (operator !== 'AnyNotIn') return isConstant(value) ? refuteText(key, operator, value) : undefined;
  if (isConstant(key)) return typeof value === 'string' ? refuteByListed(key, value) : undefined;
  return isJsonArray(value) && value.every(isConstant) ? refuteByListing(key, new Set(value)) : undefined;
}

function isConstant(text: Json | undefined): text is string {
  return typeof text === 'string' && !mayHoldVariable(text) && !text.includes('$(');
}

/** The key's path leads to a text, beside which the value does not hold: `{{ path }}`, or `{{ path || literal }}`. */
function refuteText(key: string, operator: string, value: string): QuickTest | undefined {
  const holds = findOperator(operator)?.(value);
  const tree = holds && wholeVariable(key);
  const path = tree?.type === 'or' && tree.right.type === 'literal' ? tree.left : tree;
  // An empty text gives way to the literal.
  return holds && path && compileText(path, (text) => text !== '' && !mayHoldVariable(text) && !holds(text));
}

/** Every element of the key's list is among the value's texts. */
function refuteByListing(key: string, texts: ReadonlySet<string>): QuickTest | undefined {
  return compileOperand(key, texts, (element) => typeof element === 'string' && texts.has(element));
}

/** The value's list holds the key. */
function refuteByListed(key: string, value: string): QuickTest | undefined {
  let isListed = false;
  const test = compileOperand(value, undefined, (element) => {
    if (typeof element !== 'string' || mayHoldVariable(element)) return false;
    isListed ||= element === key;
    return true;
  });
  return (
    test &&
    ((roots) => {
      isListed = false;
      return test(roots) && isListed;
    })
  );
}

/** `{{ list }}` or `{{ list || literal }}`, where the literal is an empty list or one of `texts`. */
function compileOperand(text: string, texts: ReadonlySet<string> | undefined, visit: Visit): QuickTest | undefined {
  const tree = wholeVariable(text);
  if (tree?.type !== 'or') return tree && compileEach(tree, visit);
  const literal = tree.right.type === 'literal' ? tree.right.value : undefined;
  const isHarmless =
    typeof literal === 'string' ? texts?.has(literal) === true : isJsonArray(literal) && literal.length === 0;
  return isHarmless ? compileEach(tree.left, visit, true) : undefined;
}

/** The expression of a text that is one variable and nothing else. */
function wholeVariable(text: string): SyntaxNode | undefined {
  const [variable] = findVariables(text);
  return variable?.source === text ? parseQuietly(readVariable(text).text) : undefined;
}
