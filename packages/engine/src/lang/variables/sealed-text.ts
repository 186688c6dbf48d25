import { defineMember, isJsonArray, isJsonObject, type Json } from '../../kernel/json.ts';

// Noncharacters of Unicode: texts do not hold them, and where one does it is sealed like any other character.
const OPEN = '\uFDD0';
const CLOSE = '\uFDD1';
const CODE = '\uFDD2';

const UNSAFE = /[^A-Za-z0-9_-]/g;
const CODED = /\uFDD2([0-9a-f]{4})/g;
/** One sealed value: its kind, and its characters. */
const SEALED = /\uFDD0([tj])([^\uFDD0\uFDD1]*)\uFDD1/g;

/** A value out of the request on its way through a longer text. */
export interface SealedValue {
  /** Of a text itself; of anything else its JSON. */
  readonly text: string;
  readonly isText: boolean;
}

/**
 * Wraps a value so that none of its characters means anything to what reads the text around it: no braces, quotes,
 * backslashes, line breaks or operators. What a submitter wrote is so never taken for a variable, an expression or YAML.
 */
export function sealText(text: string, isText = true): string {
  return `${OPEN}${isText ? 't' : 'j'}${encode(text)}${CLOSE}`;
}

export function isSealed(text: string): boolean {
  return text.includes(OPEN);
}

/** The text with its sealed values as they were written. */
export function openSealed(text: string): string {
  return replaceSealed(text, ({ text: found }) => found);
}

/** For messages, which repeat nothing that came with a request. */
export function describeSealed(text: string): string {
  return replaceSealed(text, () => '…');
}

/** The text with each sealed value replaced; `before` is what precedes it in the text as given, `after` what follows. */
export function replaceSealed(
  text: string,
  replace: (value: SealedValue, before: number, after: number) => string,
): string {
  if (!isSealed(text)) return text;
  return text.replace(SEALED, (found, kind: string, content: string, at: number) =>
    replace({ text: decode(content), isText: kind === 't' }, at, at + found.length),
  );
}

/** A document that was read from a text with sealed values: they are opened in texts and keys. */
export function openDocument(node: Json): Json {
  if (typeof node === 'string') return openSealed(node);
  if (isJsonArray(node)) return node.map(openDocument);
  if (!isJsonObject(node)) return node;
  const members: Record<string, Json> = {};
  for (const [key, value] of Object.entries(node)) defineMember(members, openSealed(key), openDocument(value));
  return members;
}

/** A document whose texts and keys are sealed, each by itself: its structure stays readable. */
export function sealTexts(node: Json): Json {
  if (typeof node === 'string') return sealText(node);
  if (isJsonArray(node)) return node.map(sealTexts);
  if (!isJsonObject(node)) return node;
  const members: Record<string, Json> = {};
  for (const [key, value] of Object.entries(node)) {
    defineMember(members, sealText(key), sealTexts(value));
  }
  return members;
}

function encode(text: string): string {
  return text.replace(UNSAFE, (character) => CODE + character.charCodeAt(0).toString(16).padStart(4, '0'));
}

function decode(content: string): string {
  return content.replace(CODED, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
