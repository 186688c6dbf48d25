/** A version of SemVer 2.0; build metadata is kept but never compared. */
export interface SemanticVersion {
  readonly numbers: readonly [major: bigint, minor: bigint, patch: bigint];
  readonly preRelease: readonly string[];
  readonly build: readonly string[];
}

const UINT64 = 2n ** 64n;
const LENGTH_LIMIT = 256;
const WORD = /^[0-9A-Za-z-]+$/;
const DIGITS = /^\d+$/;

/** Parses strictly; the text says what is wrong. */
export function parseSemver(text: string): SemanticVersion | string {
  if (text === '') return 'Version string empty';
  if (text.length > LENGTH_LIMIT) return 'Version string too long';
  const [major, minor, ...others] = text.split('.');
  if (major === undefined || minor === undefined || others.length === 0) return 'No Major.Minor.Patch elements found';
  const rest = others.join('.');
  const plus = rest.indexOf('+');
  const head = plus < 0 ? rest : rest.slice(0, plus);
  const dash = head.indexOf('-');
  const patch = dash < 0 ? head : head.slice(0, dash);
  const numbers = [parseNumber(major, 'major'), parseNumber(minor, 'minor'), parseNumber(patch, 'patch')] as const;
  const [first, second, third] = numbers;
  if (typeof first === 'string') return first;
  if (typeof second === 'string') return second;
  if (typeof third === 'string') return third;
  const preRelease = dash < 0 ? [] : head.slice(dash + 1).split('.');
  const build = plus < 0 ? [] : rest.slice(plus + 1).split('.');
  return preReleaseProblem(preRelease) ?? buildProblem(build) ?? { numbers: [first, second, third], preRelease, build };
}

function parseNumber(text: string, name: string): bigint | string {
  if (!DIGITS.test(text)) return `Invalid character(s) found in ${name} number ${JSON.stringify(text)}`;
  if (text.length > 1 && text.startsWith('0')) {
    return `${name.charAt(0).toUpperCase()}${name.slice(1)} number must not contain leading zeroes ${JSON.stringify(text)}`;
  }
  const value = BigInt(text);
  return value < UINT64 ? value : `strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`;
}

function preReleaseProblem(words: readonly string[]): string | undefined {
  for (const word of words) {
    if (word === '') return 'Prerelease is empty';
    if (!WORD.test(word)) return `Invalid character(s) found in prerelease ${JSON.stringify(word)}`;
    if (DIGITS.test(word) && word.length > 1 && word.startsWith('0')) {
      return `Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(word)}`;
    }
  }
  return undefined;
}

function buildProblem(words: readonly string[]): string | undefined {
  for (const word of words) {
    if (word === '') return 'Build meta data is empty';
    if (!WORD.test(word)) return `Invalid character(s) found in build meta data ${JSON.stringify(word)}`;
  }
  return undefined;
}

/** Parses leniently: a leading `v`, leading zeros and missing minor or patch are put right first. */
export function normalizeSemver(text: string): SemanticVersion | string {
  if (text.length > LENGTH_LIMIT) return 'Version string too long';
  const [major = '', minor, ...patch] = text.replace(/^v/, '').split('.');
  const parts = [major, minor, patch.length === 0 ? undefined : patch.join('.')]
    .filter((part) => part !== undefined)
    .map((part) =>
      part.length > 1
        ? part.replace(/^0+(?=\d)|^0+(?=\D|$)/, (zeros) => (/^0+\d/.test(part) ? '' : zeros.slice(-1)))
        : part,
    );
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? '')) {
    return 'short version cannot contain PreRelease/Build meta data';
  }
  while (parts.length < 3) parts.push('0');
  return parseSemver(parts.join('.'));
}

/** Precedence of two versions. */
export function compareSemver(a: SemanticVersion, b: SemanticVersion): -1 | 0 | 1 {
  for (const [index, left] of a.numbers.entries()) {
    const right = b.numbers[index] ?? 0n;
    if (left !== right) return left < right ? -1 : 1;
  }
  if (a.preRelease.length === 0 || b.preRelease.length === 0) {
    if (a.preRelease.length === b.preRelease.length) return 0;
    return a.preRelease.length === 0 ? 1 : -1;
  }
  for (const [index, left] of a.preRelease.entries()) {
    const right = b.preRelease[index];
    if (right === undefined) return 1;
    const order = compareWords(left, right);
    if (order !== 0) return order;
  }
  return a.preRelease.length < b.preRelease.length ? -1 : 0;
}

function compareWords(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  const [left, right] = [DIGITS.test(a), DIGITS.test(b)];
  if (left && right) return BigInt(a) < BigInt(b) ? -1 : 1;
  if (left !== right) return left ? -1 : 1;
  return a < b ? -1 : 1;
}

export function formatSemver({ numbers, preRelease, build }: SemanticVersion): string {
  const tail = preRelease.length === 0 ? '' : `-${preRelease.join('.')}`;
  return numbers.join('.') + tail + (build.length === 0 ? '' : `+${build.join('.')}`);
}
