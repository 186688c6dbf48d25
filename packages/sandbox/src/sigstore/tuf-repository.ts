import { createHash, sign } from 'node:crypto';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { canonicalJson } from './canonical-json.ts';

/** A TUF repository (specification 1.0, consistent snapshots) with one key for all roles. */
export interface TufRepository {
  /** What a client must be given out of band. */
  rootJson: string;
  /** Files by path under the repository's URL, without a leading slash. */
  files: ReadonlyMap<string, Buffer>;
}

const LIFETIME_DAYS = 3650;
const VERSION = 1;

export function createTufRepository(targets: Readonly<Record<string, string>>, now: Date): TufRepository {
  const { privateKey, publicKeyPem } = generateKeyPair('ecdsa-p256');
  const key = { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: publicKeyPem } };
  const keyId = sha256(Buffer.from(canonicalJson(key)));
  const role = { keyids: [keyId], threshold: 1 };
  const expires = new Date(now.getTime() + LIFETIME_DAYS * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');

  function signed(type: string, members: Record<string, unknown>): Buffer {
    const document = { _type: type, spec_version: '1.0', version: VERSION, expires, ...members };
    // TUF signs OLPC canonical JSON, which is the same as RFC 8785 except for control characters; only PEM line feeds
    // occur here, and those OLPC leaves bare.
    const text = canonicalJson(document).replaceAll('\\n', '\n');
    const sig = sign('sha256', Buffer.from(text), privateKey).toString('hex');
    return Buffer.from(JSON.stringify({ signatures: [{ keyid: keyId, sig }], signed: document }));
  }

  const files = new Map<string, Buffer>();
  const described: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(targets)) {
    const bytes = Buffer.from(text);
    described[name] = { length: bytes.length, hashes: { sha256: sha256(bytes) } };
    files.set(`targets/${sha256(bytes)}.${name}`, bytes);
  }
  const root = signed('root', {
    consistent_snapshot: true,
    keys: { [keyId]: key },
    roles: { root: role, targets: role, snapshot: role, timestamp: role },
  });
  files.set('1.root.json', root);
  files.set('root.json', root);
  files.set('1.targets.json', signed('targets', { targets: described }));
  files.set('1.snapshot.json', signed('snapshot', { meta: { 'targets.json': { version: VERSION } } }));
  files.set('timestamp.json', signed('timestamp', { meta: { 'snapshot.json': { version: VERSION } } }));
  return { rootJson: root.toString('utf8'), files };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
