import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuthorityKeys } from './certificates.ts';
import { createAuthority } from './certificates.ts';

/** What must outlive a restart for kubeconfigs and tokens to stay good. */
export interface ServerIdentity {
  readonly authority: AuthorityKeys;
  readonly adminToken: string;
  /** Signs service account tokens. */
  readonly tokenKey: Uint8Array;
}

/** Reads the identity of a state folder, or makes one; without a folder it lives as long as the process. */
export function loadServerIdentity(folder: string | undefined, now: Date): ServerIdentity {
  if (folder === undefined) {
    return newIdentity(now);
  }
  const path = join(folder, 'identity.json');
  if (existsSync(path)) {
    // The file is ours alone (0600) and written below.
    const saved = JSON.parse(readFileSync(path, 'utf8')) as {
      authority: AuthorityKeys;
      adminToken: string;
      tokenKey: string;
    };
    return { ...saved, tokenKey: Buffer.from(saved.tokenKey, 'base64') };
  }
  const identity = newIdentity(now);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const saved = { ...identity, tokenKey: Buffer.from(identity.tokenKey).toString('base64') };
  writeFileSync(path, `${JSON.stringify(saved)}\n`, { mode: 0o600 });
  return identity;
}

function newIdentity(now: Date): ServerIdentity {
  return {
    authority: createAuthority(now),
    adminToken: randomBytes(24).toString('base64url'),
    tokenKey: randomBytes(32),
  };
}
