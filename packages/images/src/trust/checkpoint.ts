import { hash, verify } from 'node:crypto';
import { decodeBase64, sameBytes } from './encoded-text.ts';
import type { TrustedLog } from './trust-root.ts';

/** What a log says about its tree (C2SP tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string;
  readonly treeSize: number;
  readonly rootHash: Buffer;
}

const maximumLength = 64 * 1024;
const maximumSignatures = 50;
const signatureLine = /^\u2014 (\S+) (\S+)$/;

/**
 * The checkpoint of a signed note, when `log` signed it. Signature lines of others (witnesses, other keys) are passed over.
 * The line's name must be the note's origin; Rekor v1 adds the number of its tree to the origin. A string says why not.
 */
export function openCheckpoint(note: string, log: TrustedLog): Checkpoint | string {
  if (note.length > maximumLength) return 'the checkpoint is too long';
  const split = note.indexOf('\n\n');
  if (split < 0) return 'the checkpoint has no signature';
  const text = note.slice(0, split + 1);
  const checkpoint = readText(text);
  if (checkpoint === undefined) return 'the checkpoint is malformed';
  if (!isNamed(log, checkpoint.origin)) return 'the checkpoint is of another log';
  const lines = note
    .slice(split + 2)
    .split('\n')
    .slice(0, maximumSignatures);
  const isSigned = lines.some((line) => isSignature(line, text, checkpoint.origin, log));
  return isSigned ? checkpoint : 'the checkpoint is not signed by its log';
}

/** One key under two origins is two logs, where origins are part of the name (Rekor v2). */
function isNamed({ id, noteKey }: TrustedLog, origin: string): boolean {
  if (noteKey === undefined) return true;
  return sameBytes(hash('sha256', Buffer.concat([Buffer.from(origin), noteKey]), 'buffer'), id);
}

function readText(text: string): Checkpoint | undefined {
  const [origin = '', size = '', root = ''] = text.split('\n');
  const rootHash = decodeBase64(root);
  if (origin === '' || !/^(0|[1-9]\d{0,15})$/.test(size) || rootHash?.length !== 32) return undefined;
  return { origin, treeSize: Number(size), rootHash };
}

function isSignature(line: string, text: string, origin: string, log: TrustedLog): boolean {
  const [, name, encoded] = signatureLine.exec(line) ?? [];
  const bytes = decodeBase64(encoded);
  if (name === undefined || bytes === undefined || bytes.length <= 4) return false;
  if (name !== origin && !origin.startsWith(`${name} - `)) return false;
  if (!sameBytes(bytes.subarray(0, 4), log.id.subarray(0, 4))) return false;
  try {
    return verify(
      log.key.asymmetricKeyType === 'ed25519' ? null : 'sha256',
      Buffer.from(text),
      log.key,
      bytes.subarray(4),
    );
  } catch {
    return false;
  }
}
