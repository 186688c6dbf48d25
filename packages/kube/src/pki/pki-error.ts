/**
 * The failure of every reader and writer in this room: input that is not what the standard allows, or a request that
 * cannot be encoded. The message is lower case and names the part that failed, never key material.
 */
export class PkiError extends Error {
  override readonly name = 'PkiError';
}

/** The outcome of {@link attemptPki}. */
export type PkiResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly message: string };

/**
 * Runs a reader of this room and turns its {@link PkiError} into a value. Any other error is a bug and passes through.
 */
export function attemptPki<Value>(read: () => Value): PkiResult<Value> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (error instanceof PkiError) return { ok: false, message: error.message };
    throw error;
  }
}
