/** A random number from 0 to below 1. */
export type Random = () => number;

const LENGTH_LIMIT = 10_000;
const REPEAT_LIMIT = 10;
const PRINTABLE = range(' ', '~');
const CLASSES: ReadonlyMap<string, string> = new Map([
  ['d', range('0', '9')],
  ['w', `${range('0', '9')}${range('a', 'z')}${range('A', 'Z')}_`],
  ['s', ' \t'],
]);

function range(first: string, last: string): string {
  const start = first.charCodeAt(0);
  return String.fromCharCode(...Array.from({ length: last.charCodeAt(0) - start + 1 }, (_, index) => start + index));
}

/** Writes a text; the parts of a pattern become these. */
type Writer = (random: Random) => string;

/** A text that a pattern matches; `undefined` when the pattern has what cannot be generated here. */
export function randomText(pattern: string, random: Random): string | undefined {
  const reader = new PatternReader(pattern);
  const writer = reader.alternatives(0);
  return writer === undefined || !reader.isAtEnd() ? undefined : writer(random).slice(0, LENGTH_LIMIT);
}

class PatternReader {
  readonly #pattern: string;
  #offset = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  isAtEnd(): boolean {
    return this.#offset >= this.#pattern.length;
  }

  alternatives(depth: number): Writer | undefined {
    if (depth > 20) return undefined;
    const choices: Writer[] = [];
    do {
      const sequence = this.#sequence(depth);
      if (sequence === undefined) return undefined;
      choices.push(sequence);
    } while (this.#take('|'));
    return (random) => choices[Math.floor(random() * choices.length)]?.(random) ?? '';
  }

  #take(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#offset)) return false;
    this.#offset += text.length;
    return true;
  }

  #sequence(depth: number): Writer | undefined {
    const parts: Writer[] = [];
    while (!this.isAtEnd() && !'|)'.includes(this.#pattern.charAt(this.#offset))) {
      if (this.#take('^') || this.#take('$')) continue;
      const atom = this.#atom(depth);
      const repeated = atom && this.#repeat(atom);
      if (repeated === undefined) return undefined;
      parts.push(repeated);
    }
    return (random) => parts.map((part) => part(random)).join('');
  }

  #atom(depth: number): Writer | undefined {
    if (this.#take('(')) {
      this.#take('?:');
      const group = this.alternatives(depth + 1);
      return this.#take(')') ? group : undefined;
    }
    if (this.#take('[')) return this.#set();
    if (this.#take('.')) return oneOf(PRINTABLE);
    const escaped = this.#take('\\');
    const character = this.#pattern.charAt(this.#offset++);
    if (character === '' || (!escaped && '*+?{'.includes(character))) return undefined;
    const members = escaped ? CLASSES.get(character) : undefined;
    return members === undefined ? () => character : oneOf(members);
  }

  #set(): Writer | undefined {
    const negated = this.#take('^');
    let members = '';
    while (!this.isAtEnd() && !this.#pattern.startsWith(']', this.#offset)) {
      const escaped = this.#take('\\');
      const first = this.#pattern.charAt(this.#offset++);
      const last = this.#pattern.charAt(this.#offset + 1);
      if (!escaped && this.#pattern.charAt(this.#offset) === '-' && last !== ']' && last > first) {
        members += range(first, last);
        this.#offset += 2;
      } else {
        members += (escaped ? CLASSES.get(first) : undefined) ?? first;
      }
    }
    if (!this.#take(']')) return undefined;
    const allowed = negated ? [...PRINTABLE].filter((character) => !members.includes(character)).join('') : members;
    return allowed === '' ? undefined : oneOf(allowed);
  }

  #repeat(atom: Writer): Writer | undefined {
    if (this.#take('?')) return times(atom, 0, 1);
    if (this.#take('*')) return times(atom, 0, REPEAT_LIMIT);
    if (this.#take('+')) return times(atom, 1, REPEAT_LIMIT);
    const counted = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.#pattern.slice(this.#offset, this.#offset + 12));
    if (counted === null) return atom;
    this.#offset += counted[0].length;
    const least = Number(counted[1]);
    const most = counted[2] === undefined ? least : counted[3] === '' ? least + REPEAT_LIMIT : Number(counted[3]);
    return least > 1000 || most > 1000 || most < least ? undefined : times(atom, least, most);
  }
}

function oneOf(members: string): Writer {
  return (random) => members.charAt(Math.floor(random() * members.length));
}

function times(atom: Writer, least: number, most: number): Writer {
  return (random) => {
    const count = least + Math.floor(random() * (most - least + 1));
    let text = '';
    for (let index = 0; index < count && text.length <= LENGTH_LIMIT; index++) text += atom(random);
    return text;
  };
}
