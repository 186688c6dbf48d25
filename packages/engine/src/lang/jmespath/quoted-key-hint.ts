/** Maps whose keys are free text: a dot within a key is no step. */
const FREE_KEYS = ['labels', 'annotations', 'matchLabels', 'nodeSelector', 'data'];
const ONLY_QUOTED = '/-:';

/**
 * The form with quotes of a key that is no plain name, when such a key is what the parser stumbled over at `offset`:
 * `metadata.labels.example.com/team` should read `metadata.labels."example.com/team" || ''`.
 */
export function quotedKeyHint(text: string, offset: number): string | undefined {
  if (!ONLY_QUOTED.includes(text.charAt(offset)) || offset >= text.length) return undefined;
  let start = offset;
  while (start > 0 && isPathCharacter(text.charAt(start - 1))) start -= 1;
  let end = offset;
  while (end < text.length && isPathCharacter(text.charAt(end))) end += 1;
  const steps = text.slice(start, end).split('.');
  const before = text.slice(start, offset).split('.');
  const free = before.slice(0, -1).findIndex((step) => FREE_KEYS.includes(step));
  const from = free >= 0 ? free + 1 : before.length - 1;
  const to = free >= 0 ? steps.length : from + 1;
  const key = steps.slice(from, to).join('.');
  if (key === '' || before[from] === '') return undefined;
  const quoted = [...steps.slice(0, from), `"${key}"`, ...steps.slice(to)].join('.');
  return `a key that is no plain name is put in quotes: \`${quoted} || ''\``;
}

function isPathCharacter(character: string): boolean {
  return (
    (character >= 'a' && character <= 'z') ||
    (character >= 'A' && character <= 'Z') ||
    (character >= '0' && character <= '9') ||
    character === '_' ||
    character === '.' ||
    (character !== '' && ONLY_QUOTED.includes(character))
  );
}
