/**
 * A failed evaluation, as a value: operators that absorb errors see it, everything else passes it on. Deliberately
 * not an `Error`: nothing here is thrown, so whatever a host throws crosses an evaluation untouched.
 */
export class CelError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** The error of calling an operator or function with values it has no overload for. */
export const NO_SUCH_OVERLOAD = new CelError('no such overload');

export function noSuchKey(key: string): CelError {
  return new CelError(`no such key: ${key}`);
}
