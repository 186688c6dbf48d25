import { generateKeyPairSync, verify } from 'node:crypto';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { cleanups, soon, startFakes, tokenFile } from '../../test/cloud-fakes.ts';
import { createConnections } from '../registry/connections.ts';
import { createCredentialHelpers } from './credential-helpers.ts';

describe('Google', () => {
  const origin = 'http://metadata.google.internal';
  const line = 'GET /computeMetadata/v1/instance/service-accounts/default/token';
  const body = { access_token: 'ya29.token', expires_in: 3599, token_type: 'Bearer' };

  it.each(['gcr.io', 'eu.gcr.io', 'europe-west4-docker.pkg.dev'])('gives the token to %s', async (host) => {
    const { helpers, seen } = await startFakes(
      { [line]: { headers: { 'metadata-flavor': 'Google' }, body } },
      [origin],
      {},
    );
    expect(await helpers.login(host, ['google'], soon())).toEqual({
      kind: 'password',
      username: 'oauth2accesstoken',
      password: 'ya29.token',
    });
    expect(seen[0]?.headers['metadata-flavor']).toBe('Google');
  });

  describe('by the file of an account', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const account = {
      type: 'service_account',
      private_key_id: 'k1',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      client_email: 'pull@acme.iam.gserviceaccount.com',
      token_uri: 'https://evil.test/token',
    };
    const byFile = (content: unknown) => ({ GOOGLE_APPLICATION_CREDENTIALS: tokenFile(JSON.stringify(content)) });

    it('signs for the token of a service account', async () => {
      const origins = ['https://oauth2.googleapis.com'];
      const { helpers, seen } = await startFakes({ 'POST /token': { body } }, origins, byFile(account));
      expect(await helpers.login('gcr.io', ['google'], soon())).toMatchObject({ password: 'ya29.token' });
      const [head = '', claims = '', signature = ''] = (
        new URLSearchParams(seen[0]?.body).get('assertion') ?? ''
      ).split('.');
      expect(verify('sha256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(
        true,
      );
      expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
        iss: account.client_email,
        aud: 'https://oauth2.googleapis.com/token',
        exp: Date.parse('2026-11-21T13:00:00Z') / 1000,
      });
    });

    it('exchanges the token of a workload for that of a service account', async () => {
      const impersonated = '/v1/projects/-/serviceAccounts/pull@acme.iam.gserviceaccount.com:generateAccessToken';
      const external = {
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: 'https://evil.test/',
        service_account_impersonation_url: `https://iamcredentials.googleapis.com${impersonated}`,
        credential_source: {
          file: tokenFile(JSON.stringify({ jwt: 'of.the.pod' })),
          format: { type: 'json', subject_token_field_name: 'jwt' },
        },
      };
      const answers = {
        'POST /v1/token': { body: { ...body, access_token: 'federated' } },
        [`POST ${impersonated}`]: { body: { accessToken: 'ya29.account', expireTime: '2026-11-21T13:00:00Z' } },
      };
      const origins = ['https://sts.googleapis.com', 'https://iamcredentials.googleapis.com'];
      const { helpers, seen } = await startFakes(answers, origins, byFile(external));
      expect(await helpers.login('gcr.io', ['google'], soon())).toMatchObject({ password: 'ya29.account' });
      expect(new URLSearchParams(seen[0]?.body).get('subject_token')).toBe('of.the.pod');
      expect(seen[1]?.headers['authorization']).toBe('Bearer federated');
      const elsewhere = { ...external, service_account_impersonation_url: 'https://evil.test/x:generateAccessToken' };
      const other = await startFakes(answers, origins, byFile(elsewhere));
      await expect(other.helpers.login('gcr.io', ['google'], soon())).rejects.toThrow('no address of Google');
    });

    it.each<[unknown, string]>([
      [{ type: 'authorized_user' }, 'of a type that is not read'],
      [{ ...account, private_key: 'secret-words' }, 'holds no key'],
      [{ ...account, client_email: 1 }, 'has no `client_email`'],
      ['text', 'cannot be read'],
    ])('says what is wrong with it', async (content, why) => {
      const { helpers, seen } = await startFakes({}, [], byFile(content));
      const error = await helpers.login('gcr.io', ['google'], soon()).catch((reason: Error) => reason);
      expect(error).toMatchObject({ class: 'permanent', message: expect.stringContaining(why) });
      expect(JSON.stringify(error)).not.toContain('secret-words');
      expect(seen).toHaveLength(0);
    });
  });

  it('a metadata server that says nothing is none, soon', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const connections = createConnections({ connections: 1, timeoutMs: 60_000 });
    cleanups.push(
      () => connections.close(),
      () => silent.close(),
    );
    const helpers = createCredentialHelpers({
      connections,
      environment: {},
      userAgent: 'test',
      now: Date.now,
      origins: { [origin]: `http://127.0.0.1:${address.port}` },
    });
    expect(await helpers.login('gcr.io', ['google'], AbortSignal.timeout(10_000))).toBeUndefined();
  });

  it('one who waits no longer ends a login for nobody else', async () => {
    const answer = { [line]: { headers: { 'metadata-flavor': 'Google' }, body } };
    const { helpers } = await startFakes(answer, [origin], {});
    const impatient = helpers.login('gcr.io', ['google'], AbortSignal.abort());
    const patient = helpers.login('gcr.io', ['google'], soon());
    await expect(impatient).rejects.toMatchObject({ class: 'timed-out' });
    expect(await patient).toMatchObject({ password: 'ya29.token' });
  });

  it('an answer of somebody else is no login, and is not asked for again at once', async () => {
    const { helpers, seen, clock } = await startFakes({ [line]: { body } }, [origin], {});
    for (let i = 0; i < 3; i += 1) expect(await helpers.login('gcr.io', ['google'], soon())).toBeUndefined();
    expect(seen).toHaveLength(1);
    clock.time += 61_000;
    await helpers.login('gcr.io', ['google'], soon());
    expect(seen).toHaveLength(2);
  });
});
