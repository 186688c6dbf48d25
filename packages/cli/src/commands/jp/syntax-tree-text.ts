import type { SyntaxNode } from '@vouchsafe/engine';
import { isJsonArray, isJsonObject, type Json } from '@vouchsafe/engine/kernel';

/** A node as it is printed: its type, the Go text of its value if it has one, its children. */
interface PrintedNode {
  readonly type: string;
  readonly value?: string;
  readonly children: readonly PrintedNode[];
}

/** The tree as go-jmespath prints it; the block of children is never closed there either. */
export function renderSyntaxTree(node: SyntaxNode): string {
  return render(toPrinted(node), 0);
}

function render({ type, value, children }: PrintedNode, indent: number): string {
  const pad = ' '.repeat(indent);
  const inner = ' '.repeat(indent + 2);
  let text = `${pad}${type} {\n`;
  if (value !== undefined) text += `${inner}value: ${value}\n`;
  if (children.length > 0)
    text += `${inner}children: {\n${children.map((child) => render(child, indent + 4)).join('')}`;
  return `${text}${pad}}\n`;
}

const COMPARATORS = { '==': 'tEQ', '!=': 'tNE', '<': 'tLT', '<=': 'tLTE', '>': 'tGT', '>=': 'tGTE' } as const;

const BINARIES = {
  pipe: 'ASTPipe',
  or: 'ASTOrExpression',
  and: 'ASTAndExpression',
  projection: 'ASTProjection',
  'value-projection': 'ASTValueProjection',
} as const;

const UNARIES = { flatten: 'ASTFlatten', not: 'ASTNotExpression', reference: 'ASTExpRef' } as const;

function toPrinted(node: SyntaxNode): PrintedNode {
  switch (node.type) {
    case 'current':
      return { type: 'ASTCurrentNode', children: [] };
    case 'literal':
      return { type: 'ASTLiteral', value: goText(node.value), children: [] };
    case 'field':
      return { type: 'ASTField', value: goText(node.name), children: [] };
    case 'index':
      return { type: 'ASTIndex', value: String(node.index), children: [] };
    case 'slice': {
      const parts = [node.start, node.stop, node.step].map((part) => part ?? '<nil>');
      return { type: 'ASTSlice', value: `[${parts.join(' ')}]`, children: [] };
    }
    case 'sub': {
      const isIndex = node.right.type === 'index' || node.right.type === 'slice';
      return { type: isIndex ? 'ASTIndexExpression' : 'ASTSubexpression', children: both(node) };
    }
    case 'pipe':
    case 'or':
    case 'and':
    case 'projection':
    case 'value-projection':
      return { type: BINARIES[node.type], children: both(node) };
    case 'flatten':
    case 'not':
    case 'reference':
      return { type: UNARIES[node.type], children: [toPrinted(node.child)] };
    case 'filter':
      return { type: 'ASTFilterProjection', children: [...both(node), toPrinted(node.condition)] };
    case 'comparison':
      return { type: 'ASTComparator', value: COMPARATORS[node.operator], children: both(node) };
    case 'list':
      return { type: 'ASTMultiSelectList', children: node.members.map(toPrinted) };
    case 'hash':
      return {
        type: 'ASTMultiSelectHash',
        children: node.entries.map(([key, value]) => ({
          type: 'ASTKeyValPair',
          value: goText(key),
          children: [toPrinted(value)],
        })),
      };
    case 'call':
      return { type: 'ASTFunctionExpression', value: goText(node.name), children: node.args.map(toPrinted) };
  }
}

function both({ left, right }: { readonly left: SyntaxNode; readonly right: SyntaxNode }): readonly PrintedNode[] {
  return [toPrinted(left), toPrinted(right)];
}

/** Go's `%#v`. */
function goText(value: Json): string {
  if (value === null) return 'interface {}(nil)';
  if (isJsonArray(value)) return `[]interface {}{${value.map(goText).join(', ')}}`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${goText(item)}`);
  return `map[string]interface {}{${members.join(', ')}}`;
}
