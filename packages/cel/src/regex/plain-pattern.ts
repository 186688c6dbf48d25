/**
 * A native regular expression for patterns on which backtracking is proven cheap, else `undefined`. The proof: atoms
 * are single characters, sets, or groups of alternatives without repetition; there is an unbounded repetition only in
 * anchored patterns, and if there are several, none can overlap with what follows it. So a match takes time linear in
 * the text.
 * Only constructs that mean the same in RE2 and ECMAScript are accepted.
 */
export function toPlainRegExp(pattern: string): RegExp | undefined {
  const atoms = readAtoms(pattern);
  if (atoms === undefined || !isCheap(atoms)) return undefined;
  // By code points, as RE2 reads.
  return new RegExp(pattern, 'u');
}

type CharacterSet = (code: number) => boolean;

interface Atom {
  readonly kind: 'start' | 'end' | 'set' | 'group';
  readonly set: CharacterSet;
  /** `?`, `*`, `+` or nothing. */
  readonly quantifier: string;
}

const ASCII = Array.from({ length: 128 }, (_, code) => code);
const NOTHING: CharacterSet = () => false;
const ANYTHING: CharacterSet = () => true;
const DOT: CharacterSet = (code) => code !== 10;
const LENGTH_LIMIT = 200;

// One alternative per construct, anchored at the place the reader stands.
const SET = /\[(?:[a-zA-Z0-9_./:@ -]|\\[.\-/dw])+\]/y;
const GROUP = /\((?:\?:)?(?:[a-zA-Z0-9_/:@ -]|\\[./]|\|)+\)/y;
const ESCAPE = /\\([./dw])/y;
const PLAIN = /[a-zA-Z0-9_/:@ -]/y;
const QUANTIFIER = /[?*+]/y;

function readAtoms(pattern: string): readonly Atom[] | undefined {
  if (pattern.length > LENGTH_LIMIT) return undefined;
  const atoms: Atom[] = [];
  let offset = 0;
  const take = (expression: RegExp): string | undefined => {
    expression.lastIndex = offset;
    const found = expression.exec(pattern)?.[0];
    if (found !== undefined) offset += found.length;
    return found;
  };
  while (offset < pattern.length) {
    const character = pattern.charAt(offset);
    if (character === '^' || character === '$') {
      offset++;
      atoms.push({ kind: character === '^' ? 'start' : 'end', set: NOTHING, quantifier: '' });
      continue;
    }
    const group = take(GROUP);
    const set = group === undefined ? readSet(take, () => (character === '.' ? offset++ : undefined)) : ANYTHING;
    if (set === undefined) return undefined;
    const quantifier = take(QUANTIFIER) ?? '';
    const next = pattern.charAt(offset);
    // A second quantifier, lazy or possessive, and counted repetitions are left to RE2.
    if (next === '{' || (quantifier !== '' && '?*+'.includes(next) && next !== '')) return undefined;
    if (group !== undefined && quantifier !== '') return undefined;
    atoms.push({ kind: group === undefined ? 'set' : 'group', set, quantifier });
  }
  return atoms;
}

function readSet(
  take: (expression: RegExp) => string | undefined,
  takeDot: () => number | undefined,
): CharacterSet | undefined {
  const set = take(SET);
  if (set !== undefined) return setOf(set);
  const sequence = take(ESCAPE);
  if (sequence !== undefined) return setOf(`[${sequence}]`);
  const plain = take(PLAIN);
  if (plain !== undefined) return (code) => code === plain.charCodeAt(0);
  return takeDot() === undefined ? undefined : DOT;
}

const DIGITS = '0-9';
const WORD = '0-9A-Za-z_';

/** The characters of a bracket expression; `undefined` when a range in it runs backwards. */
function setOf(source: string): CharacterSet | undefined {
  const body = source.slice(1, -1).replaceAll('\\d', DIGITS).replaceAll('\\w', WORD);
  const ranges: number[] = [];
  for (let index = 0; index < body.length; ) {
    const escaped = body.charAt(index) === '\\';
    const first = body.charCodeAt(escaped ? index + 1 : index);
    index += escaped ? 2 : 1;
    const isRange = body.charAt(index) === '-' && index + 1 < body.length;
    const last = isRange ? body.charCodeAt(index + 1) : first;
    if (last < first || (isRange && (escaped || body.charAt(index + 1) === '\\'))) return undefined;
    if (isRange) index += 2;
    ranges.push(first, last);
  }
  return (code) =>
    ranges.some((first, index) => index % 2 === 0 && first <= code && code <= (ranges[index + 1] ?? first));
}

function isCheap(atoms: readonly Atom[]): boolean {
  const unbounded = atoms.filter(({ quantifier }) => quantifier === '*' || quantifier === '+');
  if (atoms.slice(1).some(({ kind }) => kind === 'start') || atoms.slice(0, -1).some(({ kind }) => kind === 'end')) {
    return false;
  }
  const optional = atoms.filter(({ quantifier }) => quantifier === '?');
  if (unbounded.length === 0) return optional.length <= 4;
  if (atoms[0]?.kind !== 'start' || optional.length > 2) return false;
  // A repetition alone may give back characters one by one; with another one behind it that would be quadratic.
  if (unbounded.length === 1) return true;
  return !atoms.some((atom, index) => unbounded.includes(atom) && overlaps(atom, atoms.slice(index + 1)));
}

/** Whether a repeated set may also take what comes after it. */
function overlaps({ set }: Atom, rest: readonly Atom[]): boolean {
  for (const next of rest) {
    if (next.kind === 'group') return true;
    if (ASCII.some((code) => set(code) && next.set(code)) || (set(0x100) && next.set(0x100))) return true;
    if (next.kind === 'end' || next.quantifier === '' || next.quantifier === '+') return false;
  }
  // At the end of an unanchored pattern nothing follows that could fail.
  return false;
}
