import type { CredentialHelper } from './credential-helper.ts';

const lifetimeMs = 300_000;

/** GitHub Container Registry: the token of the environment. The user's name does not matter there. */
export const githubHelper: CredentialHelper = {
  name: 'github',
  matches: (host) => host === 'ghcr.io',
  async login(_host, { environment, now }) {
    const password = environment['GITHUB_TOKEN'] ?? '';
    if (password === '') return undefined;
    const username = environment['GITHUB_ACTOR'] || 'unset';
    return { credential: { kind: 'password', username, password }, expiresAt: now() + lifetimeMs };
  },
};
