/** Objects and lists that any document may have, and the bytes for each one more. */
const FREE = 2000;
const BYTES_EACH = 8;
const DEEPEST = 500;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const OPEN_LIST = 0x5b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_LIST = 0x5d;

/**
 * Whether JSON has no more objects and lists than documents of its length have, and not more than 500 within each other. A
 * list of `{}` takes twenty times its length in memory once it is parsed, and what is nested without end overflows the
 * stack of whoever walks through it. Of what strangers wrote that is looked at before it is parsed.
 */
export function isModestJson(json: string | Uint8Array): boolean {
  const { length } = json;
  const most = FREE + length / BYTES_EACH;
  if (length <= DEEPEST) return true;
  let found = 0;
  let depth = 0;
  let isText = false;
  for (let at = 0; at < length; at += 1) {
    const code = typeof json === 'string' ? json.charCodeAt(at) : json[at];
    if (code === QUOTE) isText = !isText;
    else if (isText) at += code === BACKSLASH ? 1 : 0;
    else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      found += 1;
      depth += 1;
      if (found > most || depth > DEEPEST) return false;
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) depth -= 1;
  }
  return true;
}
