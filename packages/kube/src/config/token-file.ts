import { readBoundedFile } from './bounded-file.ts';

const rereadMilliseconds = 60_000;

/**
 * The token in a file, read again every minute and on `refresh`: projected service account tokens rotate. While the file
 * cannot be read the last token stays in use (client-go does the same). Rejects when there never was one.
 */
export function createTokenFileReader(path: string): (options?: { readonly refresh?: boolean }) => Promise<string> {
  let token: string | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return async ({ refresh = false } = {}) => {
    if (token !== undefined && !refresh && performance.now() - readAt < rereadMilliseconds) return token;
    const text = (await readBoundedFile(path).catch(() => undefined))?.trim();
    if (text !== undefined && text !== '') {
      token = text;
      readAt = performance.now();
    }
    if (token === undefined) throw new Error(`no token can be read from \`${path}\``);
    return token;
  };
}
