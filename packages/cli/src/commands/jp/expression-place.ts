/** The expression with a mark under the place of an error, and what may be meant instead. */
export function showPlace(expression: string, offset: number, hint?: string): string {
  const before = expression.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  const [line = ''] = expression.slice(start).split('\n', 1);
  const marked = `${line}\n${' '.repeat(before.length - start)}^`;
  return hint === undefined ? marked : `${marked}\n${hint}`;
}
