import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import type { SyntaxNode } from './syntax-tree.ts';

/** Whether something can be said of a value without evaluating the expression. */
export type QuickTest = (root: Json) => boolean;
export type Visit = (element: Json) => boolean;

/** Answered where only the evaluation itself can tell what comes out. */
const UNKNOWN: unique symbol = Symbol('unknown');
type Getter = (value: Json | undefined) => Json | undefined | typeof UNKNOWN;

/** Longer lists are the evaluation's: it counts what it spends. */
const LONGEST = 1000;

/**
 * Whether the expression's value is a list of which `visit` holds for each element, told by visiting them where they are:
 * no list is made. `false` also when that cannot be told this way. `undefined` for expressions that are more than fields,
 * lists of fields, projections of flattened lists, and `keys(@)`.
 *
 * @param isOptional a list that is missing in `element` or `request.object` is as good as an empty one
 */
export function compileEach(node: SyntaxNode, visit: Visit, isOptional = false): QuickTest | undefined {
  switch (node.type) {
    case 'projection': {
      const get = compileGetter(node.right);
      return get && compileEach(node.left, projected(get, visit), isOptional);
    }
    case 'flatten':
      return compileEach(node.child, flattened(visit), isOptional);
    case 'sub':
      return node.right.type === 'list'
        ? compileMembers(node.left, node.right.members, visit)
        : compileList(node, visit, isOptional);
    case 'field':
      return compileList(node, visit, isOptional);
    default:
      return undefined;
  }
}

/**
 * Whether the value of a path of fields is a text of which `visit` holds. `false` also for what is missing, or no text.
 * `undefined` for other expressions.
 */
export function compileText(node: SyntaxNode, visit: (text: string) => boolean): QuickTest | undefined {
  const names = namesOf(node);
  const get = names && compilePath(names);
  if (!get) return undefined;
  return (root) => {
    const value = get(root);
    return typeof value === 'string' && visit(value);
  };
}

function flattened(visit: Visit): Visit {
  return (element) => (Array.isArray(element) ? visitAll(element, visit) : visit(element));
}

/** What is missing or null is left out. */
function projected(get: Getter, visit: Visit): Visit {
  return (element) => {
    const value = get(element);
    if (value === UNKNOWN) return false;
    return value === undefined || value === null || visit(value);
  };
}

function visitAll(list: readonly Json[], visit: Visit): boolean {
  if (list.length > LONGEST) return false;
  for (let index = 0; index < list.length; index += 1) if (!visit(list[index] ?? null)) return false;
  return true;
}

function compileList(node: SyntaxNode, visit: Visit, isOptional: boolean): QuickTest | undefined {
  const names = namesOf(node);
  if (!names) return undefined;
  const get = compilePath(names);
  if (!get) return undefined;
  const mayMiss = isOptional && isWithinKnown(names);
  return (root) => {
    const list = get(root);
    if (list === undefined || list === null) return mayMiss;
    return Array.isArray(list) && visitAll(list, visit);
  };
}

/** Of other variables it is not known that they exist. */
function isWithinKnown([first, second, third]: readonly string[]): boolean {
  return first === 'element' ? second !== undefined : first === 'request' && second === 'object' && third !== undefined;
}

/** `left.[a, b]`: members that are missing are null. */
function compileMembers(left: SyntaxNode, members: readonly SyntaxNode[], visit: Visit): QuickTest | undefined {
  const base = compileGetter(left);
  const getters = members.map((node) => (node.type === 'field' ? compileGetter(node) : undefined));
  const known = getters.filter((get) => get !== undefined);
  if (!base || known.length < getters.length) return undefined;
  return (root) => {
    const object = base(root);
    if (object === UNKNOWN || !isJsonObject(object)) return false;
    for (let index = 0; index < known.length; index += 1) {
      const value = known[index]?.(object);
      if (value === UNKNOWN || !visit(value ?? null)) return false;
    }
    return true;
  };
}

function compileGetter(node: SyntaxNode): Getter | undefined {
  if (node.type === 'current') return (value) => value;
  if (node.type === 'call') return isKeys(node) ? keysOf : undefined;
  const names = namesOf(node);
  return names && compilePath(names);
}

function isKeys({ name, args }: Extract<SyntaxNode, { type: 'call' }>): boolean {
  return name === 'keys' && args.length === 1 && args[0]?.type === 'current';
}

function keysOf(value: Json | undefined): readonly string[] | typeof UNKNOWN {
  return isJsonObject(value) ? Object.keys(value) : UNKNOWN;
}

function namesOf(node: SyntaxNode): readonly string[] | undefined {
  if (node.type === 'field') return [node.name];
  if (node.type !== 'sub') return undefined;
  const left = namesOf(node.left);
  const right = namesOf(node.right);
  return left && right && [...left, ...right];
}

/** Names that objects inherit are the evaluation's. */
function compilePath(names: readonly string[]): Getter | undefined {
  if (names.some((name) => name in Object.prototype)) return undefined;
  return (value) => {
    let at = value;
    for (let index = 0; index < names.length; index += 1) {
      if (at === undefined || at === null) return undefined;
      if (typeof at !== 'object' || Array.isArray(at)) return UNKNOWN;
      // What is neither null nor a list is an object.
      at = (at as JsonObject)[names[index] ?? ''];
    }
    return at;
  };
}
