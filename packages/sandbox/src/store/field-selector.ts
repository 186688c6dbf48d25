import type { ParsedSelector } from './label-selector.ts';

/** One term of a field selector. */
export interface FieldTerm {
  readonly field: string;
  readonly negated: boolean;
  readonly value: string;
}

/**
 * Parses `a=b,c!=d` with backslash escapes.
 * Grammar and error text of k8s.io/apimachinery/pkg/fields `ParseSelector`.
 */
export function parseFieldSelector(text: string): ParsedSelector<readonly FieldTerm[]> {
  const terms: FieldTerm[] = [];
  for (const part of splitTerms(text)) {
    if (part === '') {
      continue;
    }
    const term = parseTerm(part);
    if (term === undefined) {
      return { ok: false, message: `invalid selector: '${text}'; can't understand '${part}'` };
    }
    terms.push(term);
  }
  return { ok: true, selector: terms };
}

function splitTerms(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '\\') {
      index += 1;
    } else if (character === ',') {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function parseTerm(part: string): FieldTerm | undefined {
  for (let index = 0; index < part.length; index += 1) {
    for (const operator of ['!=', '==', '='] as const) {
      if (part.startsWith(operator, index)) {
        const value = unescapeValue(part.slice(index + operator.length));
        return value === undefined ? undefined : { field: part.slice(0, index), negated: operator === '!=', value };
      }
    }
  }
  return undefined;
}

function unescapeValue(text: string): string | undefined {
  let value = '';
  for (let index = 0; index < text.length; index += 1) {
    let character = text.charAt(index);
    if (character === '\\') {
      index += 1;
      character = text.charAt(index);
      if (!'\\,='.includes(character) || character === '') {
        return undefined;
      }
    } else if (character === ',' || character === '=') {
      return undefined;
    }
    value += character;
  }
  return value;
}
