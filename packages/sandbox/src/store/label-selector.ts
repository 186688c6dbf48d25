import type { JsonObject } from './json-value.ts';
import { isJsonObject, objectAt, objectsAt, stringAt, stringsAt } from './json-value.ts';
import type { LabelRequirement, Labels } from './label-requirement.ts';
import { matchesRequirements } from './label-requirement.ts';
import { labelKeyProblem, labelValueProblem } from './label-syntax.ts';

/** A selector ready to ask: does it select these labels? */
export interface LabelSelector {
  /** True when it selects everything. */
  readonly everything: boolean;
  matches(labels: Labels | undefined): boolean;
}

/** What a parse gives: the selector, or the real server's error text. */
export type ParsedSelector<Selector> =
  | { readonly ok: true; readonly selector: Selector }
  | { readonly ok: false; readonly message: string };

const EVERYTHING: LabelSelector = { everything: true, matches: () => true };
const NOTHING: LabelSelector = { everything: false, matches: () => false };
const NO_LABELS: Labels = {};

function fromRequirements(requirements: readonly LabelRequirement[]): LabelSelector {
  if (requirements.length === 0) {
    return EVERYTHING;
  }
  return { everything: false, matches: (labels) => matchesRequirements(requirements, labels ?? NO_LABELS) };
}

/**
 * A `LabelSelector` object (`matchLabels`, `matchExpressions`) as a predicate.
 * Absent selects nothing, empty selects everything (meta/v1 LabelSelectorAsSelector).
 */
export function selectorFromObject(selector: JsonObject | undefined): LabelSelector {
  if (selector === undefined) {
    return NOTHING;
  }
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(objectAt(selector, 'matchLabels') ?? {})) {
    requirements.push({ key, operator: 'In', values: [typeof value === 'string' ? value : ''] });
  }
  for (const expression of objectsAt(selector, 'matchExpressions')) {
    const requirement = requirementFromExpression(expression);
    if (requirement === undefined) {
      return NOTHING;
    }
    requirements.push(requirement);
  }
  return fromRequirements(requirements);
}

function requirementFromExpression(expression: JsonObject): LabelRequirement | undefined {
  const operator = stringAt(expression, 'operator');
  if (operator === 'In' || operator === 'NotIn' || operator === 'Exists' || operator === 'DoesNotExist') {
    return { key: stringAt(expression, 'key'), operator, values: stringsAt(expression, 'values') };
  }
  return undefined;
}

/** A plain label map as a selector (services, replication controllers). Absent selects nothing. */
export function selectorFromLabels(labels: JsonObject | undefined): LabelSelector {
  return labels === undefined ? NOTHING : selectorFromObject({ matchLabels: labels });
}

/** The labels of an object. */
export function labelsOf(object: JsonObject): Labels | undefined {
  const labels = objectAt(objectAt(object, 'metadata'), 'labels');
  return isJsonObject(labels) ? labels : undefined;
}

/**
 * Parses the text form (`a=b,c in (d,e),!f`).
 * Grammar and error texts of k8s.io/apimachinery/pkg/labels `Parse`.
 */
export function parseLabelSelector(text: string): ParsedSelector<LabelSelector> {
  const parser = new SelectorParser(tokenize(text));
  const message = parser.parse();
  if (message !== undefined) {
    return { ok: false, message };
  }
  return { ok: true, selector: fromRequirements(parser.requirements) };
}

interface Token {
  readonly kind: 'identifier' | 'end' | ',' | '(' | ')' | '!' | '=' | '==' | '!=' | '<' | '>' | 'in' | 'notin';
  readonly text: string;
}

const END: Token = { kind: 'end', text: '' };
const SYMBOLS = ['==', '!=', '=', '!', '<', '>', '(', ')', ','] as const;
const BINARY_OPERATORS = ['notin', '=', '==', '!=', 'gt', 'lt', 'in'];

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    const symbol = SYMBOLS.find((candidate) => text.startsWith(candidate, position));
    if (symbol !== undefined) {
      tokens.push({ kind: symbol, text: symbol });
      position += symbol.length;
    } else if (' \t\r\n'.includes(text.charAt(position))) {
      position += 1;
    } else {
      const end = endOfWord(text, position);
      const word = text.slice(position, end);
      tokens.push({ kind: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
      position = end;
    }
  }
  return tokens;
}

function endOfWord(text: string, start: number): number {
  let end = start;
  while (end < text.length && !' \t\r\n=!(),<>'.includes(text.charAt(end))) {
    end += 1;
  }
  return end;
}

class SelectorParser {
  readonly requirements: LabelRequirement[] = [];
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** Fills `requirements`; gives the error text on failure. */
  parse(): string | undefined {
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'end') {
        return undefined;
      }
      if (token.kind !== 'identifier' && token.kind !== '!') {
        return `found '${token.text}', expected: !, identifier, or 'end of string'`;
      }
      const problem = this.#requirement();
      if (problem !== undefined) {
        return `unable to parse requirement: ${problem}`;
      }
      const separator = this.#next();
      if (separator.kind === 'end') {
        return undefined;
      }
      if (separator.kind !== ',') {
        return `found '${separator.text}', expected: ',' or 'end of string'`;
      }
      const following = this.#peek();
      if (following.kind !== 'identifier' && following.kind !== '!') {
        return `found '${following.text}', expected: identifier after ','`;
      }
    }
  }

  /** In this position `in` and `notin` are ordinary words. */
  #peek(): Token {
    const token = this.#tokens[this.#position] ?? END;
    return token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token;
  }

  #next(): Token {
    const token = this.#peek();
    this.#position += 1;
    return token;
  }

  #requirement(): string | undefined {
    let token = this.#next();
    const negated = token.kind === '!';
    if (negated) {
      token = this.#next();
    }
    if (token.kind !== 'identifier') {
      return `found '${token.text}', expected: identifier`;
    }
    const keyProblem = labelKeyProblem(token.text);
    if (keyProblem !== undefined) {
      return `key: Invalid value: ${JSON.stringify(token.text)}: ${keyProblem}`;
    }
    const following = this.#peek();
    if (negated || following.kind === 'end' || following.kind === ',') {
      this.requirements.push({ key: token.text, operator: negated ? 'DoesNotExist' : 'Exists', values: [] });
      return undefined;
    }
    return this.#comparison(token.text);
  }

  #comparison(key: string): string | undefined {
    const operator = this.#tokens[this.#position] ?? END;
    this.#position += 1;
    switch (operator.kind) {
      case 'in':
        return this.#values(key, 'In');
      case 'notin':
        return this.#values(key, 'NotIn');
      case '=':
      case '==':
        return this.#exactValue(key, 'In');
      case '!=':
        return this.#exactValue(key, 'NotIn');
      case '>':
        return this.#exactValue(key, 'Gt');
      case '<':
        return this.#exactValue(key, 'Lt');
      default:
        return `found '${operator.text}', expected: ${BINARY_OPERATORS.join(', ')}`;
    }
  }

  #exactValue(key: string, operator: 'In' | 'NotIn' | 'Gt' | 'Lt'): string | undefined {
    const token = this.#peek();
    if (token.kind === 'end' || token.kind === ',') {
      return this.#add(key, operator, ['']);
    }
    this.#position += 1;
    if (token.kind !== 'identifier') {
      return `found '${token.text}', expected: identifier`;
    }
    return this.#add(key, operator, [token.text]);
  }

  #values(key: string, operator: 'In' | 'NotIn'): string | undefined {
    const open = this.#next();
    if (open.kind !== '(') {
      return `found '${open.text}' expected: '('`;
    }
    const values: string[] = [];
    let expectValue = true;
    for (;;) {
      const token = this.#next();
      if (token.kind === ')') {
        if (expectValue && values.length > 0) {
          values.push('');
        }
        return this.#add(key, operator, values);
      }
      if (token.kind === 'identifier' && expectValue) {
        values.push(token.text);
        expectValue = false;
      } else if (token.kind === ',') {
        if (expectValue) {
          values.push('');
        }
        expectValue = true;
      } else {
        return expectValue
          ? `found '${token.text}', expected: ',', ')' or identifier`
          : `found '${token.text}', expected: ',' or ')'`;
      }
    }
  }

  #add(key: string, operator: LabelRequirement['operator'], values: readonly string[]): string | undefined {
    if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
      return "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty";
    }
    for (const [index, value] of values.entries()) {
      const problem = labelValueProblem(value);
      if (problem !== undefined) {
        return `values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`;
      }
    }
    this.requirements.push({ key, operator, values });
    return undefined;
  }
}
