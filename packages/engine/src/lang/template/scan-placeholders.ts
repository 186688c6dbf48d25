/** A text with `(( expression ))` in it, cut into what is literal and what is computed. */
export type TemplateSegment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'placeholder'; readonly expression: string };

/** What is wrong with a placeholder, in upstream's words. */
export class PlaceholderProblem {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

const OPEN = '((';
const ESCAPED_OPEN = '\\((';

/**
 * Cuts a text at its placeholders (kyverno-cel §4.4). `\((` is a literal `((`. Inside of a placeholder quotes (`'`, `"`, with
 * backslash escapes) and parentheses are tracked; the first `))` at depth 0 ends it. Linear in the text; offsets in problems
 * are those of the opening.
 */
export function scanPlaceholders(text: string): readonly TemplateSegment[] | PlaceholderProblem {
  const segments: TemplateSegment[] = [];
  let literal = '';
  let at = 0;
  while (at < text.length) {
    if (text.startsWith(ESCAPED_OPEN, at)) {
      literal += OPEN;
      at += ESCAPED_OPEN.length;
    } else if (text.startsWith(OPEN, at)) {
      const end = findEnd(text, at);
      if (end instanceof PlaceholderProblem) return end;
      const expression = text.slice(at + OPEN.length, end).trim();
      if (expression === '') return new PlaceholderProblem(`empty placeholder at offset ${at}`);
      if (literal !== '') segments.push({ kind: 'text', text: literal });
      literal = '';
      segments.push({ kind: 'placeholder', expression });
      at = end + 2;
    } else {
      literal += text[at];
      at += 1;
    }
  }
  if (literal !== '') segments.push({ kind: 'text', text: literal });
  return segments;
}

/** Where the `))` stands that ends the placeholder opened at `start`. */
function findEnd(text: string, start: number): number | PlaceholderProblem {
  let depth = 0;
  for (let at = start + OPEN.length; at < text.length; at += 1) {
    const character = text[at];
    if (character === "'" || character === '"') {
      const end = endOfQuote(text, at);
      if (end === undefined) {
        return new PlaceholderProblem(`unterminated string literal in placeholder starting at offset ${start}`);
      }
      at = end;
    } else if (character === '(') depth += 1;
    else if (character === ')') {
      if (depth === 0 && text[at + 1] === ')') return at;
      depth -= 1;
      if (depth < 0) {
        return new PlaceholderProblem(`unbalanced parenthesis in placeholder starting at offset ${start}`);
      }
    }
  }
  return new PlaceholderProblem(`unterminated placeholder starting at offset ${start}: missing closing '))'`);
}

function endOfQuote(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === text[start]) return at;
  }
  return undefined;
}
