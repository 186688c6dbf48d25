import { createHash } from 'node:crypto';

const PEM = /-----BEGIN ([A-Z ]+)-----((?:\\n|\s|[A-Za-z0-9+/=])*?)-----END \1-----/g;
/** A PEM text in base64, as Secrets hold it. */
const ENCODED = /LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}/g;
/** What stands between two lines: a line's end with its indentation, one written out in JSON, or a blank. */
const GAP = /(?:\\n|\s)+/;
const LINE = /.{1,64}/g;

/** What a PEM text is known by: its kind, and the start of the SHA-256 of the text in lines of 64. */
export function pemFingerprint(pem: string): string {
  const [, kind = '', body = ''] = new RegExp(PEM.source).exec(pem) ?? [];
  const lines = linesOf(body);
  const text = [`-----BEGIN ${kind}-----`, ...lines, `-----END ${kind}-----`].join('\n');
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return `${kind.toLowerCase().replaceAll(' ', '-')}-${hash}`;
}

/**
 * The text with other PEM texts in the place of those whose fingerprints are known, indented, escaped or encoded as they
 * were. `standIn` gives the other one; `undefined` leaves it as it is.
 */
export function replacePems(text: string, standIn: (fingerprint: string) => string | undefined): string {
  const plain = text.replace(PEM, (found: string, _kind: string, body: string) => {
    const other = standIn(pemFingerprint(found));
    return other === undefined ? found : laidOutAs(body, other);
  });
  return plain.replace(ENCODED, (found) => {
    const decoded = Buffer.from(found, 'base64').toString('utf8');
    const replaced = replacePems(decoded, standIn);
    return replaced === decoded ? found : Buffer.from(replaced).toString('base64');
  });
}

function laidOutAs(body: string, pem: string): string {
  const [, kind = '', other = ''] = new RegExp(PEM.source).exec(pem) ?? [];
  const [gap = '\n'] = GAP.exec(body) ?? [];
  const last = /(?:\\n|\s)+$/.exec(body)?.[0] ?? gap;
  return `-----BEGIN ${kind}-----${gap}${linesOf(other).join(gap)}${last}-----END ${kind}-----`;
}

function linesOf(body: string): readonly string[] {
  return body.replace(new RegExp(GAP.source, 'g'), '').match(LINE) ?? [];
}
