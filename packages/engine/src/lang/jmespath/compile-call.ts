import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json } from '../../kernel/json.ts';
import { type Compilation, compileNode } from './compile-node.ts';
import type { Frame, Run } from './frame.ts';
import { checkCount, checkTypes } from './functions/check-arguments.ts';
import { type Argument, ExpressionReference, type FunctionBody, type Parameter } from './functions/definition.ts';
import type { SyntaxNode } from './syntax-tree.ts';

type CallNode = Extract<SyntaxNode, { type: 'call' }>;

/**
 * The closure of a function call. Arguments are evaluated in order, a missing key as null; then count and types are
 * checked, then the body runs. The function exists: `compileJmesPath` has looked.
 */
export function compileCall(node: CallNode, atRoot: boolean, compilation: Compilation): Run {
  const definition = compilation.functions.get(node.name);
  if (!definition) throw new Error(`function is not defined: ${node.name}`);
  compilation.called.add(node.name);
  const wrongCount = checkCount(definition, node.args.length);
  if (wrongCount) return () => wrongCount;
  const args = node.args.map((arg) => compileArgument(arg, atRoot, compilation));
  return callWith(args, definition.parameters, definition.bind(compilation.host));
}

type ArgumentRun = (value: Json, frame: Frame) => Argument | EvaluationError;

function compileArgument(node: SyntaxNode, atRoot: boolean, compilation: Compilation): ArgumentRun {
  if (node.type !== 'reference') return compileNode(node, atRoot, compilation);
  const run = compileNode(node.child, false, compilation);
  return (_, frame) => new ExpressionReference((element) => frame.spend(1) ?? run(element, frame));
}

function callWith(args: readonly ArgumentRun[], parameters: readonly Parameter[], body: FunctionBody): Run {
  return (value, frame) => {
    const given: Argument[] = [];
    for (const arg of args) {
      const item = arg(value, frame);
      if (item instanceof EvaluationError) {
        if (!item.notFound) return item;
        given.push(null);
      } else {
        given.push(item);
      }
    }
    const wrongType = checkTypes(parameters, given);
    if (wrongType) return wrongType;
    return body(given, frame);
  };
}
