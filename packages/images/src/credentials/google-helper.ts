import type { CredentialHelper } from './credential-helper.ts';
import { readJson, readLifetime, readToken } from './helper-answer.ts';

const metadataHost = 'metadata.google.internal';
const registryHost = /^(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+\.pkg\.dev)$/;

/** Container and Artifact Registry: the access token of the service account, from the metadata server. */
export const googleHelper: CredentialHelper = {
  name: 'google',
  matches: (host) => registryHost.test(host),
  async login(_host, context) {
    const answer = await context.send({
      url: `http://${metadataHost}/computeMetadata/v1/instance/service-accounts/default/token`,
      method: 'GET',
      headers: { 'metadata-flavor': 'Google', accept: 'application/json' },
      metadataHost,
    });
    // Without a service account, or when something else answers to that name.
    if (answer.status === 404 || answer.header('metadata-flavor') !== 'Google') return undefined;
    const document = readJson(answer, 'the metadata server of Google');
    return {
      credential: {
        kind: 'password',
        username: 'oauth2accesstoken',
        password: readToken(document, 'access_token', 'the metadata server of Google'),
      },
      expiresAt: context.now() + readLifetime(document) * 1000,
    };
  },
};
