import type { Json } from '@vouchsafe/engine/kernel';
import { detach } from '../detach.ts';
import { COLON, type Cursor, HASH, isLast, NEWLINE, refuse, SPACE, TAB } from './cursor.ts';

/**
 * Over a plain scalar of one line; tells whether it is a key, that is, ends before a colon. Leaves `at` where it ends
 * and `to` behind its last character.
 */
export function scanPlain(cursor: Cursor): boolean {
  const { text, end } = cursor;
  let at = cursor.at;
  let to = at;
  let hash = 0;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code <= COLON) {
      if (code === NEWLINE) break;
      if (code === TAB) {
        refuse(cursor);
        return false;
      }
      if (code === HASH && text.charCodeAt(at - 1) === SPACE) break;
      if (code === COLON && isLast(cursor, at)) {
        cursor.at = at;
        cursor.to = to;
        cursor.hash = hash;
        return true;
      }
      if (code === SPACE) {
        at += 1;
        continue;
      }
    }
    hash = (hash * 31 + code) | 0;
    at += 1;
    to = at;
  }
  cursor.at = at;
  cursor.to = to;
  cursor.hash = hash;
  return false;
}

interface Known {
  readonly text: string;
  /** `undefined`: only the library knows. */
  readonly value: Json | undefined;
}

const SLOTS = 8192;
/** Longer texts mostly differ from each other. */
const LONGEST = 64;

/**
 * What plain scalars say: keys, kinds and settings come again in each object, and are then neither cut out nor looked
 * at again. A slot holds the last text of its hash, so that memory is bounded.
 */
const known = new Array<Known | undefined>(SLOTS);

/** The value of the text between `from` and `cursor.to`; `undefined` when only the library knows. */
export function plainValue({ text, to, hash }: Cursor, from: number): Json | undefined {
  const length = to - from;
  if (length > LONGEST) return resolvePlain(text.slice(from, to));
  const slot = (hash ^ (hash >>> 13)) & (SLOTS - 1);
  const found = known[slot];
  if (found !== undefined && found.text.length === length && text.startsWith(found.text, from)) return found.value;
  const written = detach(text.slice(from, to));
  const value = resolvePlain(written);
  known[slot] = { text: written, value };
  return value;
}

/** As YAML 1.1 without times has it; numbers in a spelling that not everybody reads alike are left to the library. */
export function resolvePlain(text: string): Json | undefined {
  const first = text.charCodeAt(0);
  if (isDigit(first) || first === 0x2b || first === 0x2d || first === 0x2e) return resolveNumber(text);
  if (text.length > 5) return text;
  const word = WORDS.get(text);
  return word === undefined ? text : word.value;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

const INTEGER = /^(?:0|-?[1-9][0-9]{0,14})$/;
const DECIMAL = /^(?:0|-?[1-9][0-9]{0,8})\.[0-9]{1,6}$/;
const ANY_NUMBER =
  /^(?:[-+]?0b[01_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?[0-9][0-9_]*|[-+]?(?:[0-9][0-9_]*)?\.[0-9_]*|[-+]?(?:[0-9][0-9_]*)?(?:\.[0-9_]*)?[eE][-+]?[0-9]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

function resolveNumber(text: string): Json | undefined {
  if (INTEGER.test(text) || DECIMAL.test(text)) return Number(text);
  return ANY_NUMBER.test(text) ? undefined : text;
}

const WORDS: ReadonlyMap<string, { readonly value: Json | undefined }> = new Map(
  (
    [
      [null, '~ null Null NULL'],
      [true, 'y Y yes Yes YES true True TRUE on On ON'],
      [false, 'n N no No NO false False FALSE off Off OFF'],
      [undefined, '<<'],
    ] as const
  ).flatMap(([value, words]) => words.split(' ').map((word) => [word, { value }] as const)),
);
