import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import type { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import type { Json } from '../../kernel/json.ts';
import type { VariableScope } from '../../model/variable-scope.ts';
import { AMPLIFICATION_LIMIT, amplification } from './amplification.ts';
import { type Compilation, compileNode } from './compile-node.ts';
import { Frame } from './frame.ts';
import { FUNCTIONS_BY_NAME } from './functions/list.ts';
import { nearestName } from './nearest-name.ts';
import { parseJmesPath } from './parser.ts';
import { quotedKeyHint } from './quoted-key-hint.ts';
import type { SyntaxNode } from './syntax-tree.ts';
import { SyntaxFailure } from './token.ts';

/** A compiled JMESPath expression of Kyverno's dialect. Frozen, shared by all requests. */
export interface JmesPathExpression {
  readonly text: string;
  /**
   * The value of the expression. `root` is plain JSON or a scope; `now` is the clock for plain JSON (milliseconds
   * since the epoch), a scope brings its own. A key that is missing where the dialect does not absorb it gives an
   * `EvaluationError` with `notFound`. Throws only what `scope.lookup` throws (`Need`).
   */
  evaluate(root: Json | VariableScope, now?: number): Json | EvaluationError;
  /** Root identifiers it can read. */
  readonly names: ReadonlySet<string>;
  /** Whether it can read the root as a whole (`@`, `*`). */
  readonly readsWholeRoot: boolean;
  /** Functions it calls. */
  readonly functions: ReadonlySet<string>;
}

/** Why a text is no expression. */
export interface JmesPathDiagnostic extends Diagnostic {
  /** Place in the text, in UTF-16 units from 0. */
  readonly offset: number;
  /** What Kyverno says: `SyntaxError: …`, `unknown function: …`. */
  readonly reason: string;
}

export function isJmesPathDiagnostic(result: JmesPathExpression | JmesPathDiagnostic): result is JmesPathDiagnostic {
  return 'code' in result;
}

/** Compiles `text` (kyverno-core §2.7). Codes: `jmespath-syntax`, `jmespath-unknown-function`. Never throws. */
export function compileJmesPath(text: string, host: EngineHost): JmesPathExpression | JmesPathDiagnostic {
  const tree = parse(text);
  if ('code' in tree) return tree;
  const unknown = findUnknownCall(tree);
  if (unknown) return unknownFunction(text, unknown.name, unknown.offset);
  const copies = amplification(tree);
  if (copies > AMPLIFICATION_LIMIT) {
    return syntaxDiagnostic(text, 0, `expression repeats its input more than ${AMPLIFICATION_LIMIT} times`);
  }
  const compilation: Compilation = {
    host,
    functions: FUNCTIONS_BY_NAME,
    names: new Set(),
    called: new Set(),
    readsWholeRoot: false,
  };
  const run = compileNode(tree, true, compilation);
  return Object.freeze({
    text,
    names: compilation.names,
    readsWholeRoot: compilation.readsWholeRoot,
    functions: compilation.called,
    evaluate(root: Json | VariableScope, now?: number): Json | EvaluationError {
      const frame = frameOf(root, now);
      // The value handed to a node at the root of a scope is not looked at; see `Run`.
      const result = run(frame.scope === undefined ? (root as Json) : null, frame);
      return frame.scopeError ?? result;
    },
  });
}

function frameOf(root: Json | VariableScope, now: number | undefined): Frame {
  if (isScope(root)) return new Frame(root, root.now);
  return new Frame(undefined, now ?? Number.NaN);
}

function isScope(root: Json | VariableScope): root is VariableScope {
  return typeof root === 'object' && root !== null && 'lookup' in root && typeof root.lookup === 'function';
}

function parse(text: string): SyntaxNode | JmesPathDiagnostic {
  try {
    return parseJmesPath(text);
  } catch (error) {
    if (error instanceof SyntaxFailure) return syntaxDiagnostic(text, error.offset, error.message);
    throw error;
  }
}

function syntaxDiagnostic(text: string, offset: number, reason: string): JmesPathDiagnostic {
  const hint = quotedKeyHint(text, offset);
  return {
    code: 'jmespath-syntax',
    severity: 'error',
    message: `\`${shorten(text)}\` is no JMESPath expression: ${reason}, at character ${offset + 1}`,
    ...(hint === undefined ? {} : { hint }),
    offset,
    reason,
  };
}

function unknownFunction(text: string, name: string, offset: number): JmesPathDiagnostic {
  const near = nearestName(name, [...FUNCTIONS_BY_NAME.keys()]);
  return {
    code: 'jmespath-unknown-function',
    severity: 'error',
    message: `\`${shorten(text)}\` calls a function that does not exist: unknown function: ${name}`,
    ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
    offset,
    reason: `unknown function: ${name}`,
  };
}

/** The first call, in the order of the text, of a function that is not in the list. */
function findUnknownCall(node: SyntaxNode): Extract<SyntaxNode, { type: 'call' }> | undefined {
  for (const child of childrenOf(node)) {
    const found = findUnknownCall(child);
    if (found) return found;
  }
  return node.type === 'call' && !FUNCTIONS_BY_NAME.has(node.name) ? node : undefined;
}

function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  switch (node.type) {
    case 'current':
    case 'literal':
    case 'field':
    case 'index':
    case 'slice':
      return [];
    case 'flatten':
    case 'not':
    case 'reference':
      return [node.child];
    case 'filter':
      return [node.left, node.condition, node.right];
    case 'list':
      return node.members;
    case 'hash':
      return node.entries.map(([, member]) => member);
    case 'call':
      return node.args;
    default:
      return [node.left, node.right];
  }
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
