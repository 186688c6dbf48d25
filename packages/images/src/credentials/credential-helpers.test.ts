import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createConnections } from '../registry/connections.ts';
import type { Environment } from '../registry/environment.ts';
import { createCredentialHelpers } from './credential-helpers.ts';
import { signAwsRequest } from './sign-aws-request.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

interface Seen {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
interface Fake {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
}

const everybody = ['google', 'amazon', 'azure', 'github'];
const soon = () => AbortSignal.timeout(3000);
const ecr = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

/** All services at one port: `METHOD path` to answers, and helpers that find them there. */
async function startFakes(
  answers: Record<string, Fake>,
  origins: readonly string[],
  environment: Environment,
  clock: { time: number } = { time: Date.parse('2026-11-21T12:00:00Z') },
) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer); // a request of http gives buffers
    const line = `${request.method} ${request.url}`;
    seen.push({ line, headers: request.headers, body: Buffer.concat(parts).toString() });
    const { status = 200, headers = {}, body } = answers[line] ?? { status: 404, body: {} };
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const connections = createConnections({ connections: 2, timeoutMs: 1000 });
  cleanups.push(
    () => connections.close(),
    () => server.close(),
  );
  const helpers = createCredentialHelpers({
    connections,
    environment,
    userAgent: 'test',
    now: () => clock.time,
    origins: Object.fromEntries(origins.map((origin) => [origin, `http://127.0.0.1:${address.port}`])),
  });
  return { seen, helpers, clock };
}

function tokenFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-token-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  writeFileSync(file, `${text}\n`);
  return file;
}

describe('Amazon', () => {
  const api = 'https://api.ecr.eu-west-1.amazonaws.com';
  const authorization = (expiresAt: number) => ({
    body: {
      authorizationData: [
        {
          authorizationToken: Buffer.from('AWS:ecr-password').toString('base64'),
          expiresAt,
          proxyEndpoint: `https://${ecr}`,
        },
      ],
    },
  });
  const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'very-secret' };

  it('signs as AWS does (their published example)', () => {
    const headers = signAwsRequest(
      { method: 'POST', url: new URL('https://example.amazonaws.com/'), headers: {}, body: '' },
      { region: 'us-east-1', service: 'service', now: new Date('2015-08-30T12:36:00Z') },
      {
        accessKeyId: 'AKIDEXAMPLE',
        secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
        sessionToken: undefined,
      },
    );
    expect(headers['authorization']).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    );
  });

  it('gives the password of ECR, kept until shortly before it expires', async () => {
    const start = Date.parse('2026-11-21T12:00:00Z');
    const answer = authorization(start / 1000 + 43_200.5);
    const { helpers, seen, clock } = await startFakes({ 'POST /': answer }, [api], keys);
    const ask = () => helpers.login(ecr, everybody, soon());
    const wanted = { kind: 'password', username: 'AWS', password: 'ecr-password' };
    expect(await Promise.all([ask(), ask()])).toEqual([wanted, wanted]);
    clock.time = start + 11 * 3_600_000;
    await ask();
    expect(seen).toHaveLength(1);
    expect(seen[0]?.headers['x-amz-target']).toBe('AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken');
    expect(seen[0]?.headers['authorization']).toContain('AKIDEXAMPLE/20261121/eu-west-1/ecr/aws4_request');
    expect(JSON.stringify(seen)).not.toContain('very-secret');
    clock.time = start + 43_200_000 - 60_000;
    await ask();
    expect(seen).toHaveLength(2);
  });

  it('assumes the role of a service account', async () => {
    const xml = `<AssumeRoleWithWebIdentityResponse><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>
      <SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-session</SessionToken></Credentials></AssumeRoleWithWebIdentityResponse>`;
    const sts = 'https://sts.eu-west-1.amazonaws.com';
    const environment = {
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/pull',
      AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile('jwt.of.pod'),
    };
    const { helpers, seen } = await startFakes({ 'POST /': { body: xml } }, [sts, api], environment);
    // Both services are at one port and path here; the second answer cannot be ECR's.
    await expect(helpers.login(ecr, everybody, soon())).rejects.toMatchObject({ class: 'transient' });
    expect(Object.fromEntries(new URLSearchParams(seen[0]?.body))).toMatchObject({
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: environment.AWS_ROLE_ARN,
      WebIdentityToken: 'jwt.of.pod',
    });
    expect(seen[1]?.headers).toMatchObject({ 'x-amz-security-token': 'role-session' });
    expect(seen[1]?.headers['authorization']).toContain('Credential=ASIAROLE/');
  });

  it('takes the keys of a pod identity', async () => {
    const environment = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials',
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile('pod-token'),
    };
    const { helpers, seen } = await startFakes(
      {
        'GET /v1/credentials': { body: { AccessKeyId: 'ASIAPOD', SecretAccessKey: 's', Token: 't' } },
        'POST /': authorization(Date.parse('2026-11-22T00:00:00Z') / 1000),
      },
      ['http://169.254.170.23', api],
      environment,
    );
    expect(await helpers.login(ecr, everybody, soon())).toMatchObject({ password: 'ecr-password' });
    expect(seen[0]?.headers['authorization']).toBe('pod-token');
    expect(seen[1]?.headers['authorization']).toContain('Credential=ASIAPOD/');
  });

  it('the address of the container service is not just any address', async () => {
    const environment = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.169.254/latest/meta-data/' };
    const { helpers } = await startFakes({}, [], environment);
    await expect(helpers.login(ecr, everybody, soon())).rejects.toThrow('at no known address');
  });

  it('a refusal quotes nothing', async () => {
    const refusal = { status: 403, body: { message: 'The security token very-secret is invalid' } };
    const { helpers } = await startFakes({ 'POST /': refusal }, [api], keys);
    const error = await helpers.login(ecr, everybody, soon()).catch((reason: Error) => reason);
    expect(error).toMatchObject({ class: 'denied', message: 'Amazon ECR gave no registry credentials (403)' });
  });
});

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

  it('an answer of somebody else is no login, and is not asked for again at once', async () => {
    const { helpers, seen, clock } = await startFakes({ [line]: { body } }, [origin], {});
    for (let i = 0; i < 3; i += 1) expect(await helpers.login('gcr.io', ['google'], soon())).toBeUndefined();
    expect(seen).toHaveLength(1);
    clock.time += 61_000;
    await helpers.login('gcr.io', ['google'], soon());
    expect(seen).toHaveLength(2);
  });
});

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
    expect(new URLSearchParams(seen[0]?.body).get('client_assertion')).toBe('federated.jwt');
    expect(Object.fromEntries(new URLSearchParams(seen[1]?.body))).toEqual({
      grant_type: 'access_token',
      service: 'teamregistry.azurecr.io',
      access_token: 'entra-token',
      tenant: 'tenant',
    });
  });

  it('takes the managed identity, or none where there is none', async () => {
    const query = new URLSearchParams({ 'api-version': '2018-02-01', resource: 'https://management.azure.com/' });
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
