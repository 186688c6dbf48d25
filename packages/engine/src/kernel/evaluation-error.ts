/**
 * A failed evaluation, as a value: never thrown, so that no operator that absorbs errors can absorb a missing fact
 * (`Need`, which is thrown) or a bug. `notFound` marks the unknown-key failure that JMESPath swallows in many places.
 */
export class EvaluationError {
  readonly message: string;
  readonly notFound: boolean;

  constructor(message: string, notFound = false) {
    this.message = message;
    this.notFound = notFound;
  }
}
