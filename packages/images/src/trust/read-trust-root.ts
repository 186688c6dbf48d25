import { readFile, stat } from 'node:fs/promises';
import { maximumTrustRootBytes, parseTrustRoot, type TrustRootResult } from './trust-root.ts';

/** Reads a `trusted_root.json` from a file. A file that is missing, too large or malformed is a message, not an error. */
export async function readTrustRoot(path: string): Promise<TrustRootResult> {
  try {
    const { size } = await stat(path);
    if (size > maximumTrustRootBytes) return { ok: false, message: `the trust root \`${path}\` is too large` };
    return parseTrustRoot(await readFile(path, 'utf8'));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { ok: false, message: `the trust root \`${path}\` cannot be read (${code})` };
  }
}
