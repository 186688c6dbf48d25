/** Colours of one output; each gives the text back as it is when colours are off. */
export interface Palette {
  readonly isColoured: boolean;
  readonly name: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly notice: (text: string) => string;
  readonly header: (text: string) => string;
}

const RESET = '\u001b[0m';

export function createPalette(isColoured: boolean): Palette {
  const paint = (codes: string) => (text: string) =>
    isColoured && text !== '' ? `\u001b[${codes}m${text}${RESET}` : text;
  return {
    isColoured,
    name: paint('1;96'),
    good: paint('1;32'),
    bad: paint('1;31'),
    notice: paint('1;33'),
    header: paint('40;32'),
  };
}

/** Whether to colour: never when asked not to or when the output is no terminal. */
export function wantsColour(
  removeColour: boolean,
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (removeColour || (env['NO_COLOR'] ?? '') !== '') return false;
  return isTerminal || (env['FORCE_COLOR'] ?? '') !== '';
}

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly paint?: (row: Row, text: string) => string;
}

/** Most columns of text in one cell; longer lines are broken. */
const CELL = 300;

/** A table with Kyverno's borders: upper-case titles, one space around, the number of rows in the first title above ten. */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], palette: Palette): string {
  const titles = columns.map(({ title }, index) => {
    const text = title.toUpperCase();
    return index === 0 && rows.length > 10 ? `${text} (${rows.length})` : text;
  });
  const cells = rows.map((row) => columns.map((column) => linesOf(column.text(row))));
  const widths = titles.map((title, index) =>
    Math.max(title.length, ...cells.flatMap((row) => (row[index] ?? []).map((line) => line.length))),
  );
  const rule = `│${widths.map((width) => '─'.repeat(width + 2)).join('│')}│\n`;
  const head = toLine(titles.map((title, index) => palette.header(` ${title.padEnd(widths[index] ?? 0)} `)));
  const body = rows.map((row, at) => renderRow(row, cells[at] ?? [], columns, widths));
  return `${rule}${head}${rule}${body.join('')}${rule}`;
}

function renderRow<Row>(
  row: Row,
  cells: readonly (readonly string[])[],
  columns: readonly Column<Row>[],
  widths: readonly number[],
): string {
  const height = Math.max(1, ...cells.map((lines) => lines.length));
  const lines: string[] = [];
  for (let line = 0; line < height; line += 1) {
    lines.push(
      toLine(
        columns.map(({ paint }, index) => {
          const text = cells[index]?.[line] ?? '';
          const padding = ' '.repeat((widths[index] ?? 0) - text.length);
          return ` ${paint ? paint(row, text) : text}${padding} `;
        }),
      ),
    );
  }
  return lines.join('');
}

function toLine(cells: readonly string[]): string {
  return `│${cells.join('│')}│\n`;
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const parts: string[] = [];
    for (let at = 0; at === 0 || at < line.length; at += CELL) parts.push(line.slice(at, at + CELL));
    return parts;
  });
}
