import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import { defineMember, isEqualJson, type Json } from '../../kernel/json.ts';
import { compileCall } from './compile-call.ts';
import { compilePath, compileRootPath, type PathStep } from './compile-path.ts';
import { compileFilter, compileFlatten, compileProjection, compileValueProjection } from './compile-projection.ts';
import { compileSlice } from './compile-slice.ts';
import type { Run } from './frame.ts';
import type { FunctionDefinition } from './functions/definition.ts';
import type { Comparison, SyntaxNode } from './syntax-tree.ts';
import { isFalsy } from './truth.ts';

/** What compiling one expression needs and finds out. */
export interface Compilation {
  readonly host: EngineHost;
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
  /** Found: names read from the root. */
  readonly names: Set<string>;
  /** Found: functions called. */
  readonly called: Set<string>;
  /** Found: the root is read as a whole. */
  readsWholeRoot: boolean;
}

const STRAY_REFERENCE = new EvaluationError(
  'an expression reference (`&…`) is only allowed as an argument of a function',
);

/**
 * The closure of `node`. `atRoot` says that its current value is the root, which may be a scope: then identifiers are
 * looked up there. Where the closure absorbs a missing key, and where it passes the failure on, follows the
 * interpreter of the go-jmespath fork case by case (kyverno-core §2.7).
 */
export function compileNode(node: SyntaxNode, atRoot: boolean, compilation: Compilation): Run {
  const path = pathSteps(node);
  if (path && path.length > 0) return compileSteps(path, atRoot, compilation);
  switch (node.type) {
    case 'current':
      return atRoot ? wholeRoot(compilation) : (value) => value;
    case 'literal': {
      const literal = node.value;
      return () => literal;
    }
    case 'slice':
      return compileSlice(node.start, node.stop, node.step);
    case 'reference':
      return () => STRAY_REFERENCE;
    case 'sub':
      return compileSub(node.left, node.right, atRoot, compilation);
    case 'pipe':
      return compilePipe(node.left, node.right, atRoot, compilation);
    case 'or':
      return compileOr(compileNode(node.left, atRoot, compilation), compileNode(node.right, atRoot, compilation));
    case 'and':
      return compileAnd(compileNode(node.left, atRoot, compilation), compileNode(node.right, atRoot, compilation));
    case 'not':
      return compileNot(compileNode(node.child, atRoot, compilation));
    case 'comparison':
      return compileComparison(
        node.operator,
        compileNode(node.left, atRoot, compilation),
        compileNode(node.right, atRoot, compilation),
      );
    case 'projection':
      return compileProjection(
        compileNode(node.left, atRoot, compilation),
        node.right.type === 'current' ? undefined : compileNode(node.right, false, compilation),
      );
    case 'value-projection':
      return compileValueProjection(
        compileNode(node.left, atRoot, compilation),
        node.right.type === 'current' ? undefined : compileNode(node.right, false, compilation),
      );
    case 'filter':
      return compileFilter(
        compileNode(node.left, atRoot, compilation),
        compileNode(node.condition, false, compilation),
        node.right.type === 'current' ? undefined : compileNode(node.right, false, compilation),
      );
    case 'flatten':
      return compileFlatten(compileNode(node.child, atRoot, compilation));
    case 'list':
      return compileList(
        node.members.map((member) => compileNode(member, atRoot, compilation)),
        atRoot,
      );
    case 'hash':
      return compileHash(
        node.entries.map(([key, member]) => [key, compileNode(member, atRoot, compilation)] as const),
        atRoot,
      );
    case 'call':
      return compileCall(node, atRoot, compilation);
    case 'field':
    case 'index':
      return compileSteps([node.type === 'field' ? node.name : node.index], atRoot, compilation);
  }
}

function compileSteps(steps: readonly PathStep[], atRoot: boolean, compilation: Compilation): Run {
  if (!atRoot) return compilePath(steps);
  const [first] = steps;
  if (typeof first === 'string') {
    compilation.names.add(first);
    return compileRootPath(first, steps.slice(1));
  }
  return then(wholeRoot(compilation), compilePath(steps));
}

/** The keys and indexes of `a.b[0].c`, or undefined when the node is more than that. */
function pathSteps(node: SyntaxNode): PathStep[] | undefined {
  const steps: PathStep[] = [];
  let at = node;
  // The tree of a path leans to the left.
  while (at.type === 'sub') {
    if (at.right.type === 'field') steps.push(at.right.name);
    else if (at.right.type === 'index') steps.push(at.right.index);
    else return undefined;
    at = at.left;
  }
  if (at.type === 'field') steps.push(at.name);
  else if (at.type === 'index') steps.push(at.index);
  else if (at.type !== 'current') return undefined;
  return steps.reverse();
}

function wholeRoot(compilation: Compilation): Run {
  compilation.readsWholeRoot = true;
  return (value, frame) => {
    if (frame.scope === undefined) return value;
    const root = frame.scope.toJson();
    if (root instanceof EvaluationError) frame.scopeError ??= root;
    return root;
  };
}

/** Right after left; a failure of the left side, a missing key included, is the result. */
function then(left: Run, right: Run): Run {
  return (value, frame) => {
    const found = left(value, frame);
    return found instanceof EvaluationError ? found : right(found, frame);
  };
}

function compileSub(left: SyntaxNode, right: SyntaxNode, atRoot: boolean, compilation: Compilation): Run {
  // `@.x` and what an omitted left side stands for: the right side still sees the root.
  if (left.type === 'current' && right.type !== 'slice') return compileNode(right, atRoot, compilation);
  return then(compileNode(left, atRoot, compilation), compileNode(right, false, compilation));
}

function compilePipe(left: SyntaxNode, right: SyntaxNode, atRoot: boolean, compilation: Compilation): Run {
  if (left.type === 'current') return absorbed(compileNode(right, atRoot, compilation));
  const first = compileNode(left, atRoot, compilation);
  const second = compileNode(right, false, compilation);
  return (value, frame) => {
    const found = first(value, frame);
    if (found instanceof EvaluationError && !found.notFound) return found;
    const result = second(found instanceof EvaluationError ? null : found, frame);
    return result instanceof EvaluationError && result.notFound ? null : result;
  };
}

/** A missing key becomes null. */
function absorbed(run: Run): Run {
  return (value, frame) => {
    const result = run(value, frame);
    return result instanceof EvaluationError && result.notFound ? null : result;
  };
}

function compileOr(left: Run, right: Run): Run {
  return (value, frame) => {
    const first = left(value, frame);
    if (first instanceof EvaluationError) {
      if (!first.notFound) return first;
    } else if (!isFalsy(first)) {
      return first;
    }
    const second = right(value, frame);
    return second instanceof EvaluationError && second.notFound ? null : second;
  };
}

function compileAnd(left: Run, right: Run): Run {
  return (value, frame) => {
    const first = left(value, frame);
    if (first instanceof EvaluationError) return first.notFound ? null : first;
    return isFalsy(first) ? first : right(value, frame);
  };
}

function compileNot(child: Run): Run {
  return (value, frame) => {
    const result = child(value, frame);
    if (result instanceof EvaluationError) return result.notFound ? true : result;
    return isFalsy(result);
  };
}

function compileComparison(operator: Comparison, left: Run, right: Run): Run {
  const compare = COMPARATORS[operator];
  return (value, frame) => {
    let first = left(value, frame);
    if (first instanceof EvaluationError) {
      if (!first.notFound) return first;
      first = null;
    }
    let second = right(value, frame);
    if (second instanceof EvaluationError) {
      if (!second.notFound) return second;
      second = null;
    }
    return compare(first, second);
  };
}

const COMPARATORS: Readonly<Record<Comparison, (a: Json, b: Json) => boolean | null>> = {
  '==': (a, b) => a === b || (typeof a === 'object' && isEqualJson(a, b)),
  '!=': (a, b) => a !== b && !(typeof a === 'object' && isEqualJson(a, b)),
  '<': (a, b) => (typeof a === 'number' && typeof b === 'number' ? a < b : null),
  '<=': (a, b) => (typeof a === 'number' && typeof b === 'number' ? a <= b : null),
  '>': (a, b) => (typeof a === 'number' && typeof b === 'number' ? a > b : null),
  '>=': (a, b) => (typeof a === 'number' && typeof b === 'number' ? a >= b : null),
};

function compileList(members: readonly Run[], atRoot: boolean): Run {
  return (value, frame) => {
    if (value === null && !(atRoot && frame.scope)) return null;
    const result: Json[] = [];
    for (const member of members) {
      const item = member(value, frame);
      if (item instanceof EvaluationError) {
        if (!item.notFound) return item;
        result.push(null);
      } else {
        result.push(item);
      }
    }
    return result;
  };
}

function compileHash(entries: readonly (readonly [string, Run])[], atRoot: boolean): Run {
  return (value, frame) => {
    if (value === null && !(atRoot && frame.scope)) return null;
    const result: Record<string, Json> = {};
    for (const [key, member] of entries) {
      const item = member(value, frame);
      if (item instanceof EvaluationError) {
        if (!item.notFound) return item;
        defineMember(result, key, null);
      } else {
        defineMember(result, key, item);
      }
    }
    return result;
  };
}
