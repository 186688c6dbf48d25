import { EvaluationError } from './evaluation-error.ts';

export interface SemanticVersion {
  readonly numbers: readonly [major: bigint, minor: bigint, patch: bigint];
  /** Dot-separated identifiers after `-`; empty for a release. */
  readonly prerelease: readonly (string | bigint)[];
}

const ZERO: SemanticVersion = { numbers: [0n, 0n, 0n], prerelease: [] };
const NUMBER = '(0|[1-9][0-9]{0,19})';
const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-(${IDENTIFIERS}))?(?:\\+${IDENTIFIERS})?$`);
const LENGTH_LIMIT = 512;

/** A strict SemVer 2.0.0 version: three numbers without leading zeros. Build metadata is read and dropped. */
export function parseSemver(text: string): SemanticVersion | undefined {
  if (text.length > LENGTH_LIMIT) return undefined;
  const found = VERSION.exec(text);
  if (!found) return undefined;
  const [, major = '0', minor = '0', patch = '0', tail] = found;
  const prerelease: (string | bigint)[] = [];
  for (const identifier of tail?.split('.') ?? []) {
    const isNumber = /^[0-9]+$/.test(identifier);
    if (isNumber && identifier.length > 1 && identifier.startsWith('0')) return undefined;
    prerelease.push(isNumber ? BigInt(identifier) : identifier);
  }
  return { numbers: [BigInt(major), BigInt(minor), BigInt(patch)], prerelease };
}

/** Negative, zero or positive, by SemVer 2.0.0 precedence. */
export function compareSemver(a: SemanticVersion, b: SemanticVersion): number {
  for (const at of [0, 1, 2] as const) {
    if (a.numbers[at] !== b.numbers[at]) return a.numbers[at] < b.numbers[at] ? -1 : 1;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length;
  return comparePrereleases(a.prerelease, b.prerelease);
}

function comparePrereleases(a: readonly (string | bigint)[], b: readonly (string | bigint)[]): number {
  for (const [at, left] of a.entries()) {
    const right = b[at];
    if (right === undefined) return 1;
    if (left === right) continue;
    if (typeof left !== typeof right) return typeof left === 'bigint' ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

type Comparator = (order: number) => boolean;

const COMPARATORS = new Map<string, Comparator>([
  ['', (order) => order === 0],
  ['=', (order) => order === 0],
  ['==', (order) => order === 0],
  ['!', (order) => order !== 0],
  ['!=', (order) => order !== 0],
  ['>', (order) => order > 0],
  ['>=', (order) => order >= 0],
  ['<', (order) => order < 0],
  ['<=', (order) => order <= 0],
]);

interface Bound {
  readonly holds: Comparator;
  readonly version: SemanticVersion;
}

/**
 * Whether the version lies in the range, in the dialect of Go's blang/semver that Kyverno uses: `||` between
 * alternatives, blanks between bounds, `.x` wildcards. A version that cannot be parsed counts as 0.0.0.
 */
export function inRange(version: string, range: string): boolean | EvaluationError {
  const alternatives = parseRange(range);
  if (alternatives instanceof EvaluationError) return alternatives;
  const found = parseSemver(version) ?? ZERO;
  return alternatives.some((bounds) => bounds.every((bound) => bound.holds(compareSemver(found, bound.version))));
}

function parseRange(range: string): readonly (readonly Bound[])[] | EvaluationError {
  const words = splitWords(range);
  if (words[0] === '||') return new EvaluationError("First element in range is '||'");
  if (words.length === 0 || words.at(-1) === '||') return new EvaluationError("Last element in range is '||'");
  const alternatives: Bound[][] = [[]];
  for (const word of words) {
    if (word === '||') {
      alternatives.push([]);
      continue;
    }
    const bounds = parseWord(word);
    if (bounds instanceof EvaluationError) return bounds;
    alternatives.at(-1)?.push(...bounds);
  }
  return alternatives;
}

/** Blanks after `<`, `>` and `=` belong to the bound; pieces of one character vanish, as upstream. */
function splitWords(range: string): readonly string[] {
  const words: string[] = [];
  let start = 0;
  let previous = '';
  for (let at = 0; at < range.length; at++) {
    const character = range.charAt(at);
    if (character === ' ' && !'<>='.includes(previous || ' ')) {
      if (start < at - 1) words.push(range.slice(start, at));
      start = at + 1;
    } else if (character !== ' ') {
      previous = character;
    }
  }
  if (start < range.length - 1) words.push(range.slice(start));
  return words.map((word) => word.replaceAll(' ', ''));
}

function parseWord(word: string): readonly Bound[] | EvaluationError {
  const digit = word.search(/\p{Nd}/u);
  if (digit < 0) return new EvaluationError(`Could not get version from string: ${JSON.stringify(word)}`);
  const operator = word.slice(0, digit);
  const version = word.slice(digit);
  const bounds: Bound[] = [];
  for (const [name, text] of word.includes('.x') ? expandWildcard(operator, version) : [[operator, version] as const]) {
    const holds = COMPARATORS.get(name);
    const parsed = parseSemver(text);
    if (!holds || !parsed) return rangeError(`${name}${text}`, holds === undefined ? 'comparator' : 'version');
    bounds.push({ holds, version: parsed });
  }
  return bounds;
}

function rangeError(word: string, part: 'comparator' | 'version'): EvaluationError {
  const quoted = JSON.stringify(word);
  return new EvaluationError(`Could not parse Range ${quoted}: Could not parse ${part} in ${quoted}`);
}

/** The bounds that a version with `.x` stands for. `1.x.x` counts as a patch wildcard, as upstream. */
function expandWildcard(operator: string, version: string): readonly (readonly [string, string])[] {
  const shortened = version.replace('.x.x', '.x').replace('.x', '.0');
  const low = shortened.split('.').length === 2 ? `${shortened}.0` : shortened;
  const high = nextVersion(low, version.split('.').length);
  switch (operator) {
    case '>':
      return [['>=', high]];
    case '>=':
      return [['>=', low]];
    case '<':
      return [['<', low]];
    case '<=':
      return [['<', high]];
    case '!':
    case '!=':
      return [
        ['<', low],
        ['>=', high],
      ];
    case '':
    case '=':
    case '==':
      return [
        ['>=', low],
        ['<', high],
      ];
    default:
      return [[operator, low]];
  }
}

function nextVersion(version: string, parts: number): string {
  const numbers = version.split('.');
  const at = parts === 3 ? 1 : 0;
  const number = numbers[at] ?? '';
  if (!/^[0-9]{1,19}$/.test(number)) return '';
  numbers[at] = String(BigInt(number) + 1n);
  return numbers.join('.');
}
