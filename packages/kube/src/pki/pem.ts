import { PkiError } from './pki-error.ts';

/** One armoured block (RFC 7468). */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, ... */
  readonly label: string;
  readonly der: Uint8Array;
}

const begin = '-----BEGIN ';
const dashes = '-----';
const maximumPemBytes = 4 * 1024 * 1024;
const maximumPemBlocks = 1000;

/**
 * Splits PEM text into its blocks, ignoring text between them. Throws {@link PkiError} on an unfinished block, bad
 * base64, headers inside a block, more than `maximumBlocks` (1000 unless told) blocks or more than 4 MiB of text.
 */
export function splitPem(text: string, maximumBlocks: number = maximumPemBlocks): PemBlock[] {
  if (text.length > maximumPemBytes) throw new PkiError(`PEM text exceeds ${maximumPemBytes} bytes`);
  const blocks: PemBlock[] = [];
  for (let at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at)) {
    if (blocks.length === maximumBlocks) throw new PkiError(`PEM text holds more than ${maximumBlocks} blocks`);
    const labelEnd = text.indexOf(dashes, at + begin.length);
    const label = labelEnd < 0 ? '' : text.slice(at + begin.length, labelEnd);
    if (!/^[A-Z0-9 ]{1,64}$/.test(label)) throw new PkiError('PEM block has a malformed label');
    const end = `-----END ${label}-----`;
    const bodyEnd = text.indexOf(end, labelEnd);
    if (bodyEnd < 0) throw new PkiError(`PEM block \`${label}\` has no end`);
    blocks.push({ label, der: decodeBase64(text.slice(labelEnd + dashes.length, bodyEnd), label) });
    at = bodyEnd + end.length;
  }
  return blocks;
}

/** Armours bytes: lines of 64 characters, a line feed at the end. */
export function joinPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `${begin}${label}-----\n${lines.map((line) => `${line}\n`).join('')}-----END ${label}-----\n`;
}

function decodeBase64(body: string, label: string): Uint8Array {
  const packed = body.replaceAll(/[\r\n\t ]/g, '');
  if (packed.length === 0 || packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) {
    throw new PkiError(`PEM block \`${label}\` is not base64`);
  }
  return Buffer.from(packed, 'base64');
}
