/** Files of an archive beyond these are not read. */
const MAXIMUM_FILES = 200;
const BLOCK = 512;
const REGULAR = new Set([0, 0x30]);

/**
 * The regular files of a tar archive (ustar), as text. What is not readable ends the list: the caller compares what there
 * is, and a manifest that is not found is not signed.
 */
export function readArchive(bytes: Uint8Array): readonly string[] {
  const files: string[] = [];
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let at = 0; at + BLOCK <= bytes.length && files.length < MAXIMUM_FILES; ) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = readSize(header);
    if (size === undefined || at + BLOCK + size > bytes.length) break;
    if (REGULAR.has(header[156] ?? -1)) {
      try {
        files.push(decoder.decode(bytes.subarray(at + BLOCK, at + BLOCK + size)));
      } catch {
        // A file that is no text holds no manifest.
      }
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/** Octal digits, ended by NUL or a space. */
function readSize(header: Uint8Array): number | undefined {
  const text = Buffer.from(header.subarray(124, 136))
    .toString('latin1')
    .replace(/[\0 ].*$/s, '');
  return /^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}
