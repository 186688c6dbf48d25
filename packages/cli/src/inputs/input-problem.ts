/** What the user gave cannot be used; the message is for them. Caught once, where a command starts. */
export class InputProblem extends Error {}

/** The text of anything thrown. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path, syscall } = error as NodeJS.ErrnoException; // absent in any other error
  return code === 'ENOENT' && path !== undefined
    ? `${syscall ?? 'open'} ${path}: no such file or directory`
    : error.message;
}
