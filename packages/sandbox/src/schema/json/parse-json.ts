import { SchemaError } from '../model/schema-error.ts';
import { type JsonObject, type JsonValue, MAX_DEPTH, setMember } from './json-value.ts';

export interface ParsedJson {
  readonly value: JsonValue;
  /** Paths of members given more than once (`spec.containers[0].image`), in order; the last value counts. */
  readonly duplicateFields: readonly string[];
}

const MAX_DUPLICATES = 100;

/**
 * Parses JSON text as Go's decoder does: same grammar, same error texts
 * (`invalid character 'x' looking for beginning of object key string`), members given twice reported by path.
 *
 * @throws SchemaError `BadRequest` with Go's text for a syntax error or nesting beyond the limit.
 */
export function parseJson(text: string): ParsedJson {
  return new JsonReader(text).read();
}

class JsonReader {
  private readonly text: string;
  private position = 0;
  private depth = 0;
  private readonly path: (string | number)[] = [];
  private readonly duplicates = new Set<string>();

  constructor(text: string) {
    this.text = text;
  }

  read(): ParsedJson {
    this.skipSpace();
    const value = this.readValue();
    this.skipSpace();
    if (this.position < this.text.length) throw this.unexpected('after top-level value');
    return { value, duplicateFields: [...this.duplicates] };
  }

  private readValue(): JsonValue {
    switch (this.text.charCodeAt(this.position)) {
      case 0x7b:
        return this.readObject();
      case 0x5b:
        return this.readArray();
      case 0x22:
        return this.readString();
      case 0x74:
        return this.readLiteral('true', true);
      case 0x66:
        return this.readLiteral('false', false);
      case 0x6e:
        return this.readLiteral('null', null);
      default:
        return this.readNumber();
    }
  }

  private enter(): void {
    this.position++;
    this.depth++;
    if (this.depth > MAX_DEPTH) throw new SchemaError('exceeded max depth');
  }

  private readObject(): JsonObject {
    this.enter();
    const object: JsonObject = {};
    this.skipSpace();
    if (this.text.charCodeAt(this.position) === 0x7d) {
      this.position++;
      this.depth--;
      return object;
    }
    for (;;) {
      this.skipSpace();
      if (this.text.charCodeAt(this.position) !== 0x22)
        throw this.unexpected('looking for beginning of object key string');
      const key = this.readString();
      this.skipSpace();
      if (this.text.charCodeAt(this.position) !== 0x3a) throw this.unexpected('after object key');
      this.position++;
      this.skipSpace();
      this.path.push(key);
      if (Object.hasOwn(object, key)) this.noteDuplicate();
      setMember(object, key, this.readValue());
      this.path.pop();
      this.skipSpace();
      const next = this.text.charCodeAt(this.position);
      if (next !== 0x2c && next !== 0x7d) throw this.unexpected('after object key:value pair');
      this.position++;
      if (next === 0x7d) break;
    }
    this.depth--;
    return object;
  }

  private readArray(): JsonValue[] {
    this.enter();
    const items: JsonValue[] = [];
    this.skipSpace();
    if (this.text.charCodeAt(this.position) === 0x5d) {
      this.position++;
      this.depth--;
      return items;
    }
    for (;;) {
      this.skipSpace();
      this.path.push(items.length);
      items.push(this.readValue());
      this.path.pop();
      this.skipSpace();
      const next = this.text.charCodeAt(this.position);
      if (next !== 0x2c && next !== 0x5d) throw this.unexpected('after array element');
      this.position++;
      if (next === 0x5d) break;
    }
    this.depth--;
    return items;
  }

  private readString(): string {
    const start = this.position;
    this.position++;
    let plain = true;
    for (;;) {
      const code = this.text.charCodeAt(this.position);
      if (Number.isNaN(code)) throw this.unexpected('in string literal');
      if (code === 0x22) break;
      if (code < 0x20) throw this.unexpected('in string literal');
      if (code === 0x5c) {
        plain = false;
        this.skipEscape();
      } else {
        this.position++;
      }
    }
    this.position++;
    if (plain) return this.text.slice(start + 1, this.position - 1);
    // The grammar was just checked, so the built-in parser accepts the literal; it replaces the escapes.
    return JSON.parse(this.text.slice(start, this.position)) as string;
  }

  private skipEscape(): void {
    this.position++;
    const escaped = this.text.charAt(this.position);
    if (escaped === 'u') {
      for (let digit = 0; digit < 4; digit++) {
        this.position++;
        if (!isHexDigit(this.text.charCodeAt(this.position)))
          throw this.unexpected('in \\u hexadecimal character escape');
      }
    } else if (escaped === '' || !'"\\/bfnrt'.includes(escaped)) {
      throw this.unexpected('in string escape code');
    }
    this.position++;
  }

  private readLiteral<T extends JsonValue>(literal: string, value: T): T {
    for (let index = 0; index < literal.length; index++, this.position++) {
      const expected = literal.charAt(index);
      if (this.text.charAt(this.position) !== expected) {
        throw this.unexpected(`in literal ${literal} (expecting '${expected}')`);
      }
    }
    return value;
  }

  private readNumber(): number {
    const start = this.position;
    const negative = this.text.charCodeAt(this.position) === 0x2d;
    if (negative) this.position++;
    if (this.text.charCodeAt(this.position) === 0x30) this.position++;
    else if (isDigit(this.text.charCodeAt(this.position))) this.skipDigits();
    else throw this.unexpected(negative ? 'in numeric literal' : 'looking for beginning of value');
    if (this.text.charCodeAt(this.position) === 0x2e) {
      this.position++;
      if (!isDigit(this.text.charCodeAt(this.position)))
        throw this.unexpected('after decimal point in numeric literal');
      this.skipDigits();
    }
    const exponent = this.text.charCodeAt(this.position);
    if (exponent === 0x65 || exponent === 0x45) {
      this.position++;
      const sign = this.text.charCodeAt(this.position);
      if (sign === 0x2b || sign === 0x2d) this.position++;
      if (!isDigit(this.text.charCodeAt(this.position))) throw this.unexpected('in exponent of numeric literal');
      this.skipDigits();
    }
    const literal = this.text.slice(start, this.position);
    const value = Number(literal);
    if (!Number.isFinite(value)) {
      throw new SchemaError(`json: cannot unmarshal number ${literal} into Go value of type float64`);
    }
    return value;
  }

  private skipDigits(): void {
    while (isDigit(this.text.charCodeAt(this.position))) this.position++;
  }

  private skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.position);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.position++;
    }
  }

  private noteDuplicate(): void {
    if (this.duplicates.size >= MAX_DUPLICATES) return;
    this.duplicates.add(formatPath(this.path));
  }

  private unexpected(context: string): SchemaError {
    const character = this.text.charAt(this.position);
    if (character === '') return new SchemaError('unexpected end of JSON input');
    return new SchemaError(`invalid character ${quoteCharacter(character)} ${context}`);
  }
}

/** `spec.containers[0].image` */
export function formatPath(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

function quoteCharacter(character: string): string {
  if (character === "'") return `'\\''`;
  if (character === '"') return `'"'`;
  return `'${JSON.stringify(character).slice(1, -1)}'`;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}
