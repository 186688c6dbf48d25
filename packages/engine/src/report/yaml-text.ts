import type { Json } from '../kernel/json.ts';
import { isJsonObject } from '../kernel/json.ts';

/**
 * Block-style YAML of nested string maps, byte for byte as go-yaml v3 writes it with an indent of 2: keys in natural
 * order, lines never folded, text with line breaks as literal blocks. That is the shape of the message of a blocked
 * request, which people and scripts read.
 */
export function toYamlText(value: Readonly<Record<string, Json>>, indent = 0): string {
  const pad = ' '.repeat(indent);
  let text = '';
  for (const key of Object.keys(value).sort(compareNatural)) {
    const item = value[key] ?? null;
    const name = scalarText(key, indent, true);
    if (isJsonObject(item)) {
      text +=
        Object.keys(item).length === 0 ? `${pad}${name}: {}\n` : `${pad}${name}:\n${toYamlText(item, indent + 2)}`;
    } else {
      text += `${pad}${name}: ${typeof item === 'string' ? scalarText(item, indent, false) : JSON.stringify(item)}\n`;
    }
  }
  return text;
}

/** go-yaml's order of keys: digits by value, letters after other characters. */
function compareNatural(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  let afterDigit = false;
  for (let at = 0; at < left.length && at < right.length; at += 1) {
    const l = left[at] ?? '';
    const r = right[at] ?? '';
    if (l === r) {
      afterDigit = isDigit(l);
      continue;
    }
    const leftLetter = isLetter(l);
    const rightLetter = isLetter(r);
    if (leftLetter && rightLetter) return l < r ? -1 : 1;
    if (leftLetter || rightLetter) return (afterDigit ? leftLetter : rightLetter) ? -1 : 1;
    const leftRun = digitRun(left, at);
    const rightRun = digitRun(right, at);
    const [leftNumber, rightNumber] = [Number(leftRun || '0'), Number(rightRun || '0')];
    if (leftNumber !== rightNumber) return leftNumber - rightNumber;
    if (leftRun.length !== rightRun.length) return leftRun.length - rightRun.length;
    return l < r ? -1 : 1;
  }
  return left.length - right.length;
}

function digitRun(characters: readonly string[], from: number): string {
  let run = '';
  for (let at = from; at < characters.length && isDigit(characters[at] ?? ''); at += 1) run += characters[at];
  return run;
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

function isLetter(character: string): boolean {
  return character.toLowerCase() !== character.toUpperCase();
}

function scalarText(text: string, indent: number, isKey: boolean): string {
  const traits = analyse(text);
  if (text.includes('\n')) {
    return traits.block && !isKey ? literal(text, indent + 2) : doubleQuoted(text);
  }
  if (resolvesToOther(text)) return doubleQuoted(text);
  if (traits.plain) return text;
  return traits.single ? `'${text.replaceAll("'", "''")}'` : doubleQuoted(text);
}

/** Which styles can hold a text, after libyaml's analysis of scalars. */
function analyse(text: string): { readonly plain: boolean; readonly single: boolean; readonly block: boolean } {
  const characters = [...text];
  let indicators = text.startsWith('---') || text.startsWith('...');
  let tab = false;
  let special = false;
  let spaceBreak = false;
  let breakSpace = false;
  let previous = '';
  for (const [at, character] of characters.entries()) {
    const next = characters[at + 1];
    const beforeBlank = next === undefined || isBlank(next);
    if (at === 0) {
      if (FIRST_INDICATORS.has(character)) indicators = true;
      if ((character === '?' || character === ':' || character === '-') && beforeBlank) indicators = true;
    } else if ((character === ':' && beforeBlank) || (character === '#' && isBlank(previous))) {
      indicators = true;
    }
    if (character === '\t') tab = true;
    else if (character !== '\n' && !isPrintable(character)) special = true;
    if (character === ' ' && previous === '\n') breakSpace = true;
    if (character === '\n' && previous === ' ') spaceBreak = true;
    previous = character;
  }
  const edges = /^[ \n]|[ \n]$/.test(text);
  return {
    plain: !(indicators || tab || special || spaceBreak || breakSpace || edges || text.includes('\n')),
    single: !(tab || special || spaceBreak || breakSpace),
    block: !(special || spaceBreak || text.endsWith(' ')),
  };
}

const FIRST_INDICATORS = new Set('#,[]{}&*!|>\'"%@`');

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n';
}

function isPrintable(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return code >= 0x20 && code <= 0x7e;
  return code >= 0xa0 && code !== 0xfeff && !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff;
}

/** Texts that would be read back as a number, boolean, null, time or merge key, in YAML 1.1 or 1.2. */
function resolvesToOther(text: string): boolean {
  return WORDS.has(text) || NUMBER.test(text) || BASE60.test(text) || TIMESTAMP.test(text);
}

const WORDS: ReadonlySet<string> = new Set(
  [
    ',~,null,Null,NULL,true,True,TRUE,false,False,FALSE,<<,.nan,.NaN,.NAN,.inf,.Inf,.INF,+.inf,+.Inf,+.INF,-.inf,-.Inf',
    '-.INF,y,Y,yes,Yes,YES,on,On,ON,n,N,no,No,NO,off,Off,OFF',
  ].flatMap((line) => line.split(',')),
);
// Texts are rule messages and names; the patterns are ours, anchored and without nested repetition.
const NUMBER =
  /^[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9_]+([eE][-+]?[0-9]+)?)$/;
const BASE60 = /^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/;
const TIMESTAMP = /^\d{4}-\d{1,2}-\d{1,2}([Tt ].*)?$/;

function literal(text: string, indent: number): string {
  const pad = ' '.repeat(indent);
  const hint = text.startsWith(' ') || text.startsWith('\n') ? '2' : '';
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : '';
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  return `|${hint}${chomp}\n${lines.map((line) => (line === '' ? '' : `${pad}${line}`)).join('\n')}`;
}

function doubleQuoted(text: string): string {
  let quoted = '"';
  for (const character of text)
    quoted += ESCAPES.get(character) ?? (isPrintable(character) ? character : hexEscape(character));
  return `${quoted}"`;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\0', '\\0'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['\x1b', '\\e'],
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x85', '\\N'],
  ['\u00a0', '\\_'],
  ['\u2028', '\\L'],
  ['\u2029', '\\P'],
]);

function hexEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
