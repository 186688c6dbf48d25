/** One requirement of a `labelSelector` query parameter. */
interface Requirement {
  readonly key: string;
  readonly holds: (value: string | undefined) => boolean;
}

const SET = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/;

/** Whether labels satisfy the text of a selector such as `a=b,c!=d,e in (f,g),h,!i`. An empty text asks for nothing. */
export function matchesLabelQuery(query: string, labels: Readonly<Record<string, string>>): boolean {
  return splitOutsideBrackets(query)
    .map(toRequirement)
    .every(({ key, holds }) => holds(Object.hasOwn(labels, key) ? labels[key] : undefined));
}

function splitOutsideBrackets(query: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  for (const character of query) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part].map((text) => text.trim()).filter((text) => text !== '');
}

function toRequirement(text: string): Requirement {
  const set = SET.exec(text);
  if (set) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim());
    const isIn = set[2] === 'in';
    return { key: set[1] ?? '', holds: (value) => (value === undefined ? !isIn : values.includes(value) === isIn) };
  }
  if (text.startsWith('!')) return { key: text.slice(1).trim(), holds: (value) => value === undefined };
  const cut = text.indexOf('=');
  if (cut < 0) return { key: text, holds: (value) => value !== undefined };
  const wanted = text
    .slice(cut + 1)
    .replace(/^=/, '')
    .trim();
  const before = text.slice(0, cut);
  if (before.endsWith('!')) return { key: before.slice(0, -1).trim(), holds: (value) => value !== wanted };
  return { key: before.trim(), holds: (value) => value === wanted };
}
