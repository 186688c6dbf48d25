import { alignColumns } from './align-columns.ts';

/**
 * The part of kubectl's JSONPath that scenarios use: text, and `{.a.b[0].c}` with `\.` for a dot within a name; `{"\n"}`
 * for literal text.
 */
export function evaluateJsonPath(template: string, value: unknown): string {
  return template.replace(/\{([^}]*)\}/g, (_, expression: string) => {
    const literal = /^"(.*)"$/.exec(expression.trim());
    if (literal) return (literal[1] ?? '').replaceAll('\\n', '\n').replaceAll('\\t', '\t');
    const found = readPath(value, expression.trim());
    return found === undefined ? '' : typeof found === 'string' ? found : JSON.stringify(found);
  });
}

/** `NAME:.path,NAME:.path`, as in `-o custom-columns=`. */
export function renderCustomColumns(specification: string, items: readonly unknown[]): string {
  const columns = specification.split(',').map((column) => {
    const cut = column.indexOf(':');
    return { name: column.slice(0, cut), path: column.slice(cut + 1) };
  });
  const rows = items.map((item) =>
    columns.map(({ path }) => {
      const found = readPath(item, path);
      return found === undefined ? '<none>' : typeof found === 'string' ? found : JSON.stringify(found);
    }),
  );
  return alignColumns([columns.map(({ name }) => name), ...rows]);
}

function readPath(value: unknown, path: string): unknown {
  let at = value;
  for (const match of path.matchAll(/\.((?:\\.|[^.[\]\\])+)|\[(\d+)\]/g)) {
    const key = match[2] ?? (match[1] ?? '').replaceAll('\\', '');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key]; // an own member of an object or list
  }
  return at;
}
