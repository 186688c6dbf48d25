/** A problem found in an expression; line and column count from 1, columns in code points. */
export interface CelIssue {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Issues in the order of their places. */
export function sortIssues(issues: readonly CelIssue[]): readonly CelIssue[] {
  return issues.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

const SNIPPET_LIMIT = 16_384;

/** The place of an offset in a text. */
export function issueAt(text: string, offset: number, message: string): CelIssue {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: [...before.slice(lineStart)].length + 1, message };
}

/** Issues as the original prints them: one `ERROR:` line each, with the source line and a mark under the place. */
export function formatIssues(text: string, issues: readonly CelIssue[]): string {
  const lines = text.split('\n');
  return issues.map((issue) => formatIssue(lines, issue)).join('\n');
}

function formatIssue(lines: readonly string[], { line, column, message }: CelIssue): string {
  const head = `ERROR: <input>:${line}:${column}: ${message}`;
  const snippet = lines[line - 1];
  if (snippet === undefined || snippet.length > SNIPPET_LIMIT) return head;
  const characters = [...snippet.replaceAll('\t', ' ')];
  const lead = characters.slice(0, column - 1).map((character) => (isWide(character) ? '．' : '.'));
  const mark = isWide(characters[column - 1] ?? '') ? '＾' : '^';
  return `${head}\n | ${characters.join('')}\n | ${lead.join('')}${mark}`;
}

function isWide(character: string): boolean {
  return (character.codePointAt(0) ?? 0) > 0x7f;
}
