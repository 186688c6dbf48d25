import type { IncomingMessage } from 'node:http';
import { requestTooLarge } from '../api/status-error.ts';

/** The real server's limit of request bodies: 3 MiB. */
const BODY_LIMIT = 3 * 1024 * 1024;

/** Reads a request body up to the limit; throws 413 beyond it. */
export async function readBody(request: IncomingMessage, limit = BODY_LIMIT): Promise<Uint8Array> {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    throw requestTooLarge(limit);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    // Node delivers buffers unless an encoding is set, and none is.
    const buffer = chunk as Buffer;
    size += buffer.length;
    if (size > limit) {
      throw requestTooLarge(limit);
    }
    chunks.push(buffer);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}
