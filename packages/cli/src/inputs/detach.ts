/** The same text, for keeping: a text cut out of a file keeps the file in memory, this one does not. */
export function detach(text: string): string {
  // V8 cuts shorter texts out as copies
  if (text.length < 13) return text;
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
