/** What the user gave cannot be used; the message is for them. Caught once, where a command starts. */
export class InputProblem extends Error {}

/** The text of anything thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
