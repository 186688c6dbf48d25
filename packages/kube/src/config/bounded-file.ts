import { open } from 'node:fs/promises';

const maximumFileBytes = 4 * 1024 * 1024;

/** The text of a file of at most 4 MiB; undefined when it does not exist. Rejects with a message naming the path. */
export async function readBoundedFile(path: string): Promise<string | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error(`\`${path}\` cannot be read`);
  }
  try {
    if ((await file.stat()).size > maximumFileBytes) throw new Error(`\`${path}\` exceeds ${maximumFileBytes} bytes`);
    return await file.readFile('utf8').catch(() => {
      throw new Error(`\`${path}\` cannot be read`);
    });
  } finally {
    await file.close();
  }
}
