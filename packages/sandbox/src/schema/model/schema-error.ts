import type { StatusCause } from './status-cause.ts';

/** Reasons of `Status` objects that this room answers with. */
export type SchemaErrorReason = '' | 'BadRequest' | 'Invalid' | 'Conflict' | 'InternalError' | 'RequestEntityTooLarge';

const CODES: Readonly<Record<SchemaErrorReason, number>> = {
  '': 500,
  BadRequest: 400,
  Invalid: 422,
  Conflict: 409,
  InternalError: 500,
  RequestEntityTooLarge: 413,
};

/** A request that an API server refuses: the text, the reason and the code of the `Status` it answers with. */
export class SchemaError extends Error {
  readonly reason: SchemaErrorReason;
  readonly code: number;
  readonly causes: readonly StatusCause[];

  constructor(message: string, reason: SchemaErrorReason = 'BadRequest', causes: readonly StatusCause[] = []) {
    super(message);
    this.name = 'SchemaError';
    this.reason = reason;
    this.code = CODES[reason];
    this.causes = causes;
  }
}
