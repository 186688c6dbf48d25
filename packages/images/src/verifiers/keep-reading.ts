/** What is longer is read anew when it is needed, unless it is still at hand. */
const SHORT_BYTES = 64 * 1024;
/** What a short document takes once it is read, by its length. */
const READ_FACTOR = 4;

/**
 * Reads a document of evidence when it is asked for. What was read stays at hand: a short one as long as its evidence is
 * kept, a long one as long as somebody uses it. Evidence is kept by the hundred, and its authors chose how long it is.
 */
export function keepReading<Value extends object>(bytes: Uint8Array, read: () => Value): () => Value {
  if (bytes.length <= SHORT_BYTES) {
    let short: Value | undefined;
    return () => {
      short ??= read();
      return short;
    };
  }
  let long: WeakRef<Value> | undefined;
  return () => {
    const value = long?.deref() ?? read();
    long = new WeakRef(value);
    return value;
  };
}

/** Bytes that a document read like this takes while it is kept. */
export function keptBytes(length: number): number {
  return length <= SHORT_BYTES ? length * READ_FACTOR : length;
}
