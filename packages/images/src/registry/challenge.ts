/** How a registry wants to be authenticated to (RFC 9110 §11.6.1, docker token authentication). */
export type Challenge =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | undefined };

const maximumLength = 8192;
const tokenPattern = /[A-Za-z0-9!#$%&'*+.^_`|~-]+/y;

/** The first challenge that can be answered, Bearer before Basic; undefined when there is none. */
export function parseChallenges(headers: readonly string[]): Challenge | undefined {
  const found = headers.flatMap((header) => (header.length > maximumLength ? [] : splitChallenges(header)));
  const bearer = found.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'));
  if (bearer !== undefined) {
    const { parameters } = bearer;
    return { scheme: 'bearer', realm: parameters.get('realm') ?? '', service: parameters.get('service') };
  }
  return found.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : undefined;
}

interface RawChallenge {
  readonly scheme: string;
  readonly parameters: Map<string, string>;
}

/** `Bearer realm="…",service="…", Basic realm="…"`: a word followed by `=` is a parameter, otherwise a scheme. */
function splitChallenges(header: string): RawChallenge[] {
  const challenges: RawChallenge[] = [];
  let at = 0;
  const skip = (characters: string): void => {
    while (at < header.length && characters.includes(header[at] ?? '')) at += 1;
  };
  for (skip(' ,\t'); at < header.length; skip(' ,\t')) {
    tokenPattern.lastIndex = at;
    const word = tokenPattern.exec(header)?.[0];
    if (word === undefined) return challenges;
    at += word.length;
    const afterWord = at;
    skip(' \t');
    if (header[at] !== '=') {
      at = afterWord;
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
      continue;
    }
    at += 1;
    skip(' \t');
    const { value, end } = readValue(header, at);
    at = end;
    challenges.at(-1)?.parameters.set(word.toLowerCase(), value);
  }
  return challenges;
}

function readValue(header: string, start: number): { value: string; end: number } {
  if (header[start] !== '"') {
    const comma = header.indexOf(',', start);
    const end = comma < 0 ? header.length : comma;
    return { value: header.slice(start, end).trim(), end };
  }
  let value = '';
  let at = start + 1;
  while (at < header.length && header[at] !== '"') {
    if (header[at] === '\\') at += 1;
    value += header[at] ?? '';
    at += 1;
  }
  return { value, end: at + 1 };
}
