import { execFile } from 'node:child_process';

export interface RunResult {
  isSuccess: boolean;
  stdout: string;
  stderr: string;
}

const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Runs a program without a shell. A program that is not there, fails or takes too long is a result, not an error. */
export function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; timeoutMs?: number } = {},
): Promise<RunResult> {
  const { cwd, timeoutMs = 170_000 } = options;
  return new Promise((resolve) => {
    execFile(
      program,
      [...args],
      { timeout: timeoutMs, maxBuffer: MAX_OUTPUT_BYTES, ...(cwd === undefined ? {} : { cwd }) },
      (error, stdout, stderr) => {
        resolve({ isSuccess: error === null, stdout, stderr: stderr || (error?.message ?? '') });
      },
    );
  });
}

/** The last line that says something, for a reason a person can read. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
