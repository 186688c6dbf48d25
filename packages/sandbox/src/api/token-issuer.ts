import type { UserInfo } from './user-info.ts';

/** Makes and reads service account tokens. */
export interface TokenIssuer {
  /** A token for a service account; `expiration` is when it ends. */
  issue(namespace: string, name: string, uid: string, expiration: Date, audiences: readonly string[]): string;
  /** The user of a valid token of this server, or undefined. */
  verify(token: string, now: Date): { user: UserInfo; audiences: readonly string[] } | undefined;
}
