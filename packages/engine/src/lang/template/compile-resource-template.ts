import { CelError } from '@vouchsafe/cel';
import { type Document, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import type { PolicyExpression, PolicyScope } from '../cel/policy-language.ts';
import { checkedDocument } from '../jmespath/go-json.ts';
import { GO_YAML_OPTIONS } from '../jmespath/go-yaml.ts';
import { compileNode, type NodeTools, type Piece } from './compile-node.ts';

/** `generate[].template`: YAML documents whose scalars may hold `(( expression ))`. */
export interface ResourceTemplate {
  /** The objects with their expressions evaluated. Throws only what the host throws (`Need`). */
  readonly render: (scope: PolicyScope) => readonly JsonObject[] | CelError;
}

export interface TemplateTools {
  /** Whether `((` opens a placeholder: `interpolate: cel`. */
  readonly interpolates: boolean;
  /** `undefined` after reporting what is wrong with it. */
  readonly compile: (expression: string) => PolicyExpression | undefined;
  /** Told what is wrong with the template, with its line. */
  readonly problem: (message: string) => void;
}

/** Characters of a template; a policy is an object of the API, so it holds hardly more anyway. */
const SIZE_LIMIT = 1024 * 1024;

/** One document, or `undefined` after its problem was told; `null` for one that is empty. */
type DocumentPiece = Piece | null | undefined;

/**
 * Compiles a template (kyverno-cel §4.4). Values are spliced into the parsed tree, never into its text: whatever an
 * expression yields stays one value and cannot add a field beside it.
 */
export function compileResourceTemplate(text: string, tools: TemplateTools): ResourceTemplate | undefined {
  const lines = new LineCounter();
  const documents = text.length > SIZE_LIMIT ? undefined : parse(text, lines);
  if (documents === undefined) {
    tools.problem('template is too large or nested too deeply');
    return undefined;
  }
  const pieces: Piece[] = [];
  let isBroken = false;
  for (const document of documents) {
    const piece = compileDocument(document, lines, tools);
    if (piece === undefined) isBroken = true;
    else if (piece !== null) pieces.push(piece);
  }
  if (isBroken) return undefined;
  if (pieces.length > 0) return { render: (scope) => renderAll(pieces, scope) };
  tools.problem('template must contain at least one YAML document');
  return undefined;
}

function parse(text: string, lines: LineCounter): readonly Document.Parsed[] | undefined {
  try {
    const parsed = parseAllDocuments(text, { ...GO_YAML_OPTIONS, lineCounter: lines, prettyErrors: false });
    return 'empty' in parsed ? [] : parsed;
  } catch (error) {
    // The parser ran out of stack.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function compileDocument(document: Document.Parsed, lines: LineCounter, tools: TemplateTools): DocumentPiece {
  const lineOf = (offset: number): number => lines.linePos(offset).line;
  const [error] = document.errors;
  if (error) {
    tools.problem(`line ${lineOf(error.pos[0])}: ${error.message.split('\n', 1)[0] ?? ''}`);
    return undefined;
  }
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return null;
  let isBroken = false;
  const nodeTools: NodeTools = {
    document,
    interpolates: tools.interpolates,
    compile: (expression) => {
      const compiled = tools.compile(expression);
      if (!compiled) isBroken = true;
      return compiled;
    },
    problem: (offset, message) => {
      isBroken = true;
      tools.problem(`line ${lineOf(offset)}: ${message}`);
    },
  };
  const piece = compileNode(contents, nodeTools) ?? literal(document);
  if (!isBroken && isScalarPiece(piece)) {
    nodeTools.problem(contents.range[0], 'document must be a mapping describing a resource');
  }
  return isBroken ? undefined : piece;
}

/** A document without placeholders, read once. */
function literal(document: Document.Parsed): Piece {
  const value = toValue(document);
  return { isWhole: false, isMap: isJsonObject(value), evaluate: () => value };
}

function toValue(document: Document.Parsed): ReturnType<Piece['evaluate']> {
  try {
    const value = checkedDocument(document.toJS({ maxAliasCount: 100 }) ?? null);
    return value instanceof EvaluationError ? new CelError(value.message) : value;
  } catch (error) {
    return new CelError(error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : '');
  }
}

function isScalarPiece({ isMap, isWhole }: Piece): boolean {
  return !isMap && !isWhole;
}

function renderAll(pieces: readonly Piece[], scope: PolicyScope): readonly JsonObject[] | CelError {
  const objects: JsonObject[] = [];
  for (const [index, piece] of pieces.entries()) {
    const value = piece.evaluate(scope);
    const cause =
      value instanceof CelError
        ? value.message
        : isJsonObject(value)
          ? undefined
          : 'document must be a mapping describing a resource';
    if (cause !== undefined) return new CelError(`failed to render generation template: document ${index}: ${cause}`);
    if (isJsonObject(value)) objects.push(value);
  }
  return objects;
}
