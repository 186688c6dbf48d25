/** One `{{ … }}` of a text. */
export interface FoundVariable {
  readonly start: number;
  readonly end: number;
  /** With its braces. */
  readonly source: string;
}

// A variable may hold one level of braces, for multi-select hashes. A backslash in front escapes it.
const VARIABLE = /(^|[^\\])(\{\{(?:\{[^{}]*\}|[^{}])*\}\})/g;

/** Whether the text may hold a variable, or an escape that substitution removes. */
export function mayHoldVariable(text: string): boolean {
  return text.includes('{{');
}

/** The variables one pass substitutes. Of two that touch, the second waits for the next pass, as upstream. */
export function findVariables(text: string): readonly FoundVariable[] {
  if (!mayHoldVariable(text)) return [];
  const found: FoundVariable[] = [];
  for (const match of text.matchAll(VARIABLE)) {
    const [, prefix = '', source = ''] = match;
    const start = match.index + prefix.length;
    found.push({ start, end: start + source.length, source });
  }
  return found;
}

/** `\{{` is how `{{` is written where no variable is meant. */
export function unescapeBraces(text: string): string {
  return text.includes('\\{{') ? text.replaceAll('\\{{', '{{') : text;
}

export interface VariableExpression {
  readonly text: string;
  /** `{{- … }}`: what it resolves to is not looked at again. */
  readonly isShallow: boolean;
}

export function readVariable(source: string): VariableExpression {
  const text = source.replaceAll('{{', '').replaceAll('}}', '').trim();
  return text.startsWith('-') ? { text: text.slice(1).trim(), isShallow: true } : { text, isShallow: false };
}
