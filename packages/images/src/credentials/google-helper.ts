import type { CredentialHelper } from './credential-helper.ts';
import { askByAccountFile } from './google-account-file.ts';
import { readJson, readLifetime, readToken } from './helper-answer.ts';

const metadataHost = 'metadata.google.internal';
/** Whoever the token is of. */
const username = 'oauth2accesstoken';
const registryHost = /^(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+\.pkg\.dev)$/;

/** Container and Artifact Registry: an access token, by the file of an account, else from the metadata server. */
export const googleHelper: CredentialHelper = {
  name: 'google',
  matches: (host) => registryHost.test(host),
  async login(_host, context) {
    const file = context.environment['GOOGLE_APPLICATION_CREDENTIALS'] ?? '';
    if (file !== '') {
      const { token, expiresAt } = await askByAccountFile(file, context);
      return { credential: { kind: 'password', username, password: token }, expiresAt };
    }
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
        username,
        password: readToken(document, 'access_token', 'the metadata server of Google'),
      },
      expiresAt: context.now() + readLifetime(document) * 1000,
    };
  },
};
