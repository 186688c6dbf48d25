import { describe, expect, it } from 'vitest';
import { everybody, soon, startFakes, tokenFile } from '../../test/cloud-fakes.ts';
import { createConnections } from '../registry/connections.ts';

describe('Azure', () => {
  it('exchanges the token of a workload identity', async () => {
    const environment = {
      AZURE_CLIENT_ID: 'client',
      AZURE_TENANT_ID: 'tenant',
      AZURE_FEDERATED_TOKEN_FILE: tokenFile('federated.jwt'),
    };
    const { helpers, seen } = await startFakes(
      {
        'POST /tenant/oauth2/v2.0/token': { body: { access_token: 'entra-token', expires_in: 3599 } },
        'POST /oauth2/exchange': { body: { refresh_token: 'registry-token' } },
      },
      ['https://login.microsoftonline.com', 'https://teamregistry.azurecr.io'],
      environment,
    );
    expect(await helpers.login('teamregistry.azurecr.io', everybody, soon())).toEqual({
      kind: 'password',
      username: '00000000-0000-0000-0000-000000000000',
      password: 'registry-token',
    });
    expect(Object.fromEntries(new URLSearchParams(seen[0]?.body))).toMatchObject({
      client_assertion: 'federated.jwt',
      scope: 'https://containerregistry.azure.net/.default',
    });
    expect(Object.fromEntries(new URLSearchParams(seen[1]?.body))).toEqual({
      grant_type: 'access_token',
      service: 'teamregistry.azurecr.io',
      access_token: 'entra-token',
      tenant: 'tenant',
    });
  });

  it('takes the managed identity, or none where there is none', async () => {
    const query = new URLSearchParams({ 'api-version': '2018-02-01', resource: 'https://containerregistry.azure.net' });
    const line = `GET /metadata/identity/oauth2/token?${query}`;
    const origins = ['http://169.254.169.254', 'https://teamregistry.azurecr.io'];
    const exchange = { body: { refresh_token: 'registry-token' } };
    const { helpers, seen } = await startFakes(
      { [line]: { body: { access_token: 'msi', expires_in: '86399' } }, 'POST /oauth2/exchange': exchange },
      origins,
      {},
    );
    expect(await helpers.login('teamregistry.azurecr.io', everybody, soon())).toMatchObject({
      password: 'registry-token',
    });
    expect(seen[0]?.headers['metadata']).toBe('true');
    const nowhere = await startFakes({ [line]: { status: 400, body: { error: 'no identity' } } }, origins, {});
    expect(await nowhere.helpers.login('teamregistry.azurecr.io', everybody, soon())).toBeUndefined();
  });
});

describe('whoever asks', () => {
  it('GitHub is given the token of the environment', async () => {
    const { helpers } = await startFakes({}, [], { GITHUB_TOKEN: 'ghp_x' });
    expect(await helpers.login('ghcr.io', everybody, soon())).toEqual({
      kind: 'password',
      username: 'unset',
      password: 'ghp_x',
    });
    expect(await helpers.login('ghcr.io', ['google', 'amazon'], soon())).toBeUndefined();
  });

  it.each([
    'ghcr.io.evil.test',
    'evil-ghcr.io',
    'gcr.io.evil.test',
    'evilgcr.io',
    'x.y.gcr.io',
    'pkg.dev',
    'teamregistry.azurecr.io.evil.test',
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.test',
    '123456789012.dkr.ecr.evil.test/.eu-west-1.amazonaws.com',
    'x.dkr.ecr.eu-west-1.amazonaws.com',
    'registry.test',
    'ghcr.io:444',
  ])('%s is no provider and gets nothing', async (host) => {
    const environment = { GITHUB_TOKEN: 'ghp_x', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    const { helpers, seen } = await startFakes({}, [], environment);
    expect(await helpers.login(host, everybody, soon())).toBeUndefined();
    expect(seen).toHaveLength(0);
  });
});

describe('the exception for metadata servers', () => {
  const connections = createConnections({ connections: 1, timeoutMs: 200 });
  const request = { method: 'GET', headers: {}, maximumBytes: 10, ca: undefined, insecure: false } as const;
  const ask = (url: string, metadataHost: string | undefined) =>
    connections
      .exchange({ ...request, url: new URL(url), loopbackHost: undefined, metadataHost }, AbortSignal.timeout(400))
      .then(
        () => 'answered',
        (error: Error) => error.message,
      );

  it.each([
    ['http://169.254.169.254/', undefined, 'never contacted'],
    ['http://169.254.169.254/', '169.254.170.23', 'never contacted'],
    ['http://metadata.google.internal/', '169.254.169.254', 'never contacted'],
    ['http://127.0.0.1/', '127.0.0.1', 'it is not a metadata server'],
    ['http://10.0.0.1/', '10.0.0.1', 'it is not a metadata server'],
    ['http://169.254.1.1/', '169.254.1.1', 'it is not a metadata server'],
    ['http://localhost/', 'localhost', 'it is not a metadata server'],
  ])('%s with %s', async (url, metadataHost, why) => {
    expect(await ask(url, metadataHost)).toContain(why);
  });
});
