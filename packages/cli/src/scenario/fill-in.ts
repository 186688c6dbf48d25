/** What a name of one kind stands for; throws when there is none. */
export type Placeholders = Readonly<Record<string, (name: string) => Promise<string>>>;

const PLACEHOLDER = /^(\s*)(.*?)\$\{([A-Za-z]+):([^}]+)\}/;

/**
 * Replaces `${KIND:NAME}` in a text. A replacement of several lines keeps the indentation of the line it stands in, so
 * that a certificate fits into a YAML block scalar. Kinds that are not listed are left alone.
 */
export async function fillIn(text: string, placeholders: Placeholders): Promise<string> {
  if (!text.includes('${')) return text;
  const lines = await Promise.all(text.split('\n').map((line) => fillInLine(line, placeholders)));
  return lines.join('\n');
}

async function fillInLine(line: string, placeholders: Placeholders): Promise<string> {
  const match = PLACEHOLDER.exec(line);
  if (!match) return line;
  const [whole, indentation = '', before = '', kind = '', name = ''] = match;
  const lookUp = Object.hasOwn(placeholders, kind) ? placeholders[kind] : undefined;
  const value = lookUp ? (await lookUp(name)).trimEnd().replaceAll('\n', `\n${indentation}`) : `\${${kind}:${name}}`;
  const rest = line.slice(whole.length);
  return `${indentation}${before}${value}${await fillInLine(rest, placeholders)}`;
}
