import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;

/**
 * One file of a ZIP archive (PKWARE APPNOTE, without ZIP64 or encryption). Undefined when the archive has no such file;
 * throws when the archive is damaged or the file is larger than `maxBytes`.
 */
export function unzipFile(archive: Buffer, name: string, maxBytes: number): Buffer | undefined {
  const end = findEndOfDirectory(archive);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('the archive has a damaged directory');
    const nameLength = archive.readUInt16LE(at + 28);
    const entryName = archive.toString('utf8', at + 46, at + 46 + nameLength);
    if (entryName === name) return readEntry(archive, at, maxBytes);
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return undefined;
}

function readEntry(archive: Buffer, entry: number, maxBytes: number): Buffer {
  const method = archive.readUInt16LE(entry + 10);
  const compressedSize = archive.readUInt32LE(entry + 20);
  const size = archive.readUInt32LE(entry + 24);
  if (size > maxBytes) throw new Error(`a file of the archive is larger than ${maxBytes} bytes`);
  const header = archive.readUInt32LE(entry + 42);
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const data = archive.subarray(start, start + compressedSize);
  if (method === STORED) return data;
  if (method !== DEFLATED) throw new Error('the archive uses a compression that is not supported');
  const bytes = inflateRawSync(data, { maxOutputLength: maxBytes });
  if (bytes.length !== size) throw new Error('a file of the archive is damaged');
  return bytes;
}

/** The record is at the end, before a comment of at most 64 KiB. */
function findEndOfDirectory(archive: Buffer): number {
  const earliest = Math.max(0, archive.length - 22 - 0xffff);
  for (let at = archive.length - 22; at >= earliest; at -= 1) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new Error('not a ZIP archive');
}
