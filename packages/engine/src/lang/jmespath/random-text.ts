import { EvaluationError } from '../../kernel/evaluation-error.ts';

/** Characters a generated text may have, and the most that `*`, `+` and `{n,}` add to their least count. */
const RANDOM_LIMITS = Object.freeze({ length: 4096, unbounded: 32, depth: 50 });

/**
 * A generator of texts that match a regular expression, for `random()`: literals, `.`, classes, groups, alternatives
 * and repetitions; anchors give nothing. `source` is known to be valid RE2. Classes choose among printable ASCII.
 * `next` is uniform in [0, 1).
 */
export function compileRandomText(
  source: string,
): ((next: () => number) => string | EvaluationError) | EvaluationError {
  try {
    const generate = new PatternReader(source).read();
    return (next) => {
      const output: Output = { parts: [], room: RANDOM_LIMITS.length, next };
      generate(output);
      return output.room < 0 ? TOO_LONG : output.parts.join('');
    };
  } catch (error) {
    if (error instanceof Unsupported) return new EvaluationError(`invalid generator pattern: ${error.message}`);
    throw error;
  }
}

const TOO_LONG = new EvaluationError(`random text would be longer than ${RANDOM_LIMITS.length} characters`);

interface Output {
  readonly parts: string[];
  room: number;
  readonly next: () => number;
}

type Generate = (output: Output) => void;

/** Raised for syntax this generator has no meaning for; it never leaves this file. */
class Unsupported extends Error {}

function pick(count: number, output: Output): number {
  return Math.min(count - 1, Math.floor(output.next() * count));
}

function oneOf(characters: readonly string[]): Generate {
  return (output) => {
    output.parts.push(characters[pick(characters.length, output)] ?? '');
    output.room--;
  };
}

const PRINTABLE: readonly string[] = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index));
const DIGITS = '0123456789';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const PUNCTUATION = PRINTABLE.filter((char) => !` ${DIGITS}${LOWER}${UPPER}`.includes(char)).join('');

const ESCAPED_CLASSES = new Map([
  ['d', DIGITS],
  ['w', `${DIGITS}${UPPER}${LOWER}_`],
  ['s', ' '],
]);

const NAMED_CLASSES = new Map([
  ['alnum', DIGITS + UPPER + LOWER],
  ['alpha', UPPER + LOWER],
  ['blank', ' '],
  ['digit', DIGITS],
  ['graph', DIGITS + UPPER + LOWER + PUNCTUATION],
  ['lower', LOWER],
  ['print', PRINTABLE.join('')],
  ['punct', PUNCTUATION],
  ['space', ' '],
  ['upper', UPPER],
  ['word', `${DIGITS}${UPPER}${LOWER}_`],
  ['xdigit', `${DIGITS}ABCDEFabcdef`],
]);

const ESCAPED_CHARACTERS = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['f', '\f'],
  ['v', '\v'],
  ['a', '\x07'],
]);

class PatternReader {
  readonly #source: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = [...source];
  }

  read(): Generate {
    const generate = this.#alternatives();
    if (this.#at < this.#source.length) throw new Unsupported(`unexpected \`${this.#peek()}\``);
    return generate;
  }

  #alternatives(): Generate {
    if (++this.#depth > RANDOM_LIMITS.depth) throw new Unsupported('expression nests too deeply');
    const choices = [this.#sequence()];
    while (this.#take('|')) choices.push(this.#sequence());
    this.#depth--;
    const [only] = choices;
    if (choices.length === 1 && only) return only;
    return (output) => choices[pick(choices.length, output)]?.(output);
  }

  #sequence(): Generate {
    const items: Generate[] = [];
    while (this.#at < this.#source.length && this.#peek() !== '|' && this.#peek() !== ')') {
      items.push(this.#repeated(this.#atom()));
    }
    return (output) => {
      for (const item of items) item(output);
    };
  }

  #atom(): Generate {
    const char = this.#advance();
    switch (char) {
      case '.':
        return oneOf(PRINTABLE);
      case '^':
      case '$':
        return () => undefined;
      case '(':
        return this.#group();
      case '[':
        return oneOf(this.#characterClass());
      case '\\':
        return this.#escape();
      default:
        return oneOf([char]);
    }
  }

  #group(): Generate {
    if (this.#take('?')) {
      if (!this.#take(':')) {
        if (this.#peek() === 'P') this.#advance();
        if (!this.#take('<')) throw new Unsupported('flags are not supported');
        while (this.#advance() !== '>');
      }
    }
    const inner = this.#alternatives();
    this.#take(')');
    return inner;
  }

  #escape(): Generate {
    const char = this.#advance();
    if ('bBAz'.includes(char)) return () => undefined;
    if (char === 'Q') return this.#quoted();
    return oneOf(this.#escapedSet(char));
  }

  /** `\Q…\E` */
  #quoted(): Generate {
    const items: Generate[] = [];
    while (this.#at < this.#source.length) {
      if (this.#peek() === '\\' && this.#source[this.#at + 1] === 'E') {
        this.#at += 2;
        break;
      }
      items.push(oneOf([this.#advance()]));
    }
    return (output) => {
      for (const item of items) item(output);
    };
  }

  #escapedSet(char: string): readonly string[] {
    const set = ESCAPED_CLASSES.get(char.toLowerCase());
    if (set !== undefined && char !== char.toLowerCase()) return PRINTABLE.filter((item) => !set.includes(item));
    if (set !== undefined) return [...set];
    if (char === 'p' || char === 'P') throw new Unsupported('Unicode classes are not supported');
    return [this.#escapedCharacter(char)];
  }

  #escapedCharacter(char: string): string {
    const known = ESCAPED_CHARACTERS.get(char);
    if (known !== undefined) return known;
    if (char === 'x') return this.#hexadecimal();
    if (/[0-7]/.test(char)) throw new Unsupported('octal escapes are not supported');
    return char;
  }

  #hexadecimal(): string {
    let digits = '';
    if (this.#take('{')) {
      for (let next = this.#advance(); next !== '}'; next = this.#advance()) digits += next;
    } else {
      digits = this.#advance() + this.#advance();
    }
    return String.fromCodePoint(Number.parseInt(digits, 16));
  }

  #characterClass(): readonly string[] {
    const negated = this.#take('^');
    const members = new Set<string>();
    let first = true;
    while (first || this.#peek() !== ']') {
      first = false;
      for (const member of this.#classItem()) members.add(member);
    }
    this.#advance();
    const chosen = negated ? PRINTABLE.filter((char) => !members.has(char)) : [...members];
    if (chosen.length === 0) throw new Unsupported('a class has no printable character');
    return chosen;
  }

  #classItem(): readonly string[] {
    const char = this.#advance();
    if (char === '[' && this.#peek() === ':') return this.#namedClass();
    let low = char;
    if (char === '\\') {
      const set = this.#escapedSet(this.#advance());
      if (set.length !== 1) return set;
      low = set[0] ?? '';
    }
    if (this.#peek() !== '-' || this.#source[this.#at + 1] === ']') return [low];
    this.#advance();
    const next = this.#advance();
    const high = next === '\\' ? this.#escapedCharacter(this.#advance()) : next;
    return charactersBetween(low, high);
  }

  /** `[:alpha:]`, the bracket read already. */
  #namedClass(): readonly string[] {
    let name = '';
    this.#advance();
    while (this.#peek() !== ':') name += this.#advance();
    this.#at += 2;
    const negated = name.startsWith('^');
    const members = NAMED_CLASSES.get(negated ? name.slice(1) : name);
    if (members === undefined) throw new Unsupported(`class \`${name}\` is not supported`);
    return negated ? PRINTABLE.filter((char) => !members.includes(char)) : [...members];
  }

  #repeated(atom: Generate): Generate {
    const bounds = this.#bounds();
    if (!bounds) return atom;
    this.#take('?');
    const [least, most] = bounds;
    return (output) => {
      const count = least + pick(most - least + 1, output);
      for (let index = 0; index < count && output.room >= 0; index++) atom(output);
    };
  }

  #bounds(): readonly [number, number] | undefined {
    if (this.#take('*')) return [0, RANDOM_LIMITS.unbounded];
    if (this.#take('+')) return [1, 1 + RANDOM_LIMITS.unbounded];
    if (this.#take('?')) return [0, 1];
    const found = this.#peek() === '{' ? this.#source.slice(this.#at, this.#at + 16).join('') : '';
    const counted = /^\{([0-9]+)(,)?([0-9]*)\}/.exec(found);
    if (!counted) return undefined;
    this.#at += counted[0].length;
    const least = Number(counted[1]);
    if (counted[2] === undefined) return [least, least];
    return [least, counted[3] === '' ? least + RANDOM_LIMITS.unbounded : Number(counted[3])];
  }

  #peek(): string | undefined {
    return this.#source[this.#at];
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #advance(): string {
    const char = this.#source[this.#at++];
    if (char === undefined) throw new Unsupported('unexpected end');
    return char;
  }
}

/** At most 256 of them: enough to choose from. */
function charactersBetween(low: string, high: string): readonly string[] {
  const from = low.codePointAt(0) ?? 0;
  const to = Math.min(high.codePointAt(0) ?? 0, from + 255);
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => String.fromCodePoint(from + index));
}
