/** Objects and lists that any document may have, and the bytes for each one more. */
const FREE = 1000;
const BYTES_EACH = 12;

const OPEN_OBJECT = 0x7b;
const OPEN_LIST = 0x5b;

/**
 * Whether JSON has no more objects and lists than documents of its length have. A list of `{}` takes twenty times its length
 * in memory once it is parsed; of what strangers wrote that is looked at before. Braces in texts count, too.
 */
export function isSparseJson(json: string | Uint8Array): boolean {
  const { length } = json;
  const most = FREE + length / BYTES_EACH;
  if (length <= most) return true;
  let found = 0;
  for (let at = 0; at < length; at += 1) {
    const code = typeof json === 'string' ? json.charCodeAt(at) : json[at];
    if (code === OPEN_OBJECT || code === OPEN_LIST) found += 1;
  }
  return found <= most;
}
