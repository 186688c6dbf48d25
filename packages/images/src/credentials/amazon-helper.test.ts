import { describe, expect, it } from 'vitest';
import { everybody, type Fake, soon, startFakes, tokenFile } from '../../test/cloud-fakes.ts';
import type { Environment } from '../registry/environment.ts';
import { awsEndpointsOf } from './aws-endpoints.ts';
import { signAwsRequest } from './sign-aws-request.ts';

const ecr = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

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

  it.each<[string, string, string]>([
    [
      '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
      'https://api.ecr.eu-west-1.amazonaws.com',
      'sts.eu-west-1.amazonaws.com',
    ],
    [
      '123456789012.dkr.ecr-fips.us-east-1.amazonaws.com',
      'https://ecr-fips.us-east-1.amazonaws.com',
      'sts.us-east-1.amazonaws.com',
    ],
    [
      '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn',
      'https://api.ecr.cn-north-1.amazonaws.com.cn',
      'sts.cn-north-1.amazonaws.com.cn',
    ],
    [
      '123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu',
      'https://api.ecr.eusc-de-east-1.amazonaws.eu',
      'sts.eusc-de-east-1.amazonaws.eu',
    ],
    ['123456789012.dkr-ecr.eu-west-1.on.aws', 'https://ecr.eu-west-1.api.aws', 'sts.eu-west-1.api.aws'],
    ['123456789012.dkr-ecr-fips.us-east-1.on.aws', 'https://ecr-fips.us-east-1.api.aws', 'sts.us-east-1.api.aws'],
    [
      '123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn',
      'https://ecr.cn-north-1.api.amazonwebservices.com.cn',
      'sts.cn-north-1.api.amazonwebservices.com.cn',
    ],
  ])('%s is asked about at its own endpoint', async (host, origin, tokens) => {
    const { helpers } = await startFakes(
      { 'POST /': authorization(Date.parse('2026-11-22T00:00:00Z') / 1000) },
      [origin],
      keys,
    );
    expect(await helpers.login(host, everybody, soon())).toMatchObject({ password: 'ecr-password' });
    expect(awsEndpointsOf(host)?.tokens(undefined)).toBe(tokens);
  });

  it('asks for the keys of a role in the region of this process', () => {
    const endpoints = awsEndpointsOf(ecr);
    expect(endpoints?.tokens('us-east-2')).toBe('sts.us-east-2.amazonaws.com');
    expect(endpoints?.tokens('evil.test/')).toBe('sts.eu-west-1.amazonaws.com');
  });

  describe('on an instance', () => {
    const instance = 'http://169.254.169.254';
    const role = {
      'PUT /latest/api/token': { body: 'session' },
      'GET /latest/meta-data/iam/security-credentials/': { body: 'node-role' },
      'GET /latest/meta-data/iam/security-credentials/node-role': {
        body: { Code: 'Success', AccessKeyId: 'ASIANODE', SecretAccessKey: 's', Token: 't' },
      },
      'POST /': authorization(Date.parse('2026-11-22T00:00:00Z') / 1000),
    };

    it('takes the keys of its role, by the second version of the service', async () => {
      const { helpers, seen } = await startFakes(role, [instance, api], {});
      expect(await helpers.login(ecr, everybody, soon())).toMatchObject({ password: 'ecr-password' });
      expect(seen.map(({ headers }) => headers['x-aws-ec2-metadata-token'])).toEqual([
        undefined,
        'session',
        'session',
        undefined,
      ]);
      expect(seen[3]?.headers['authorization']).toContain('Credential=ASIANODE/');
    });

    it.each<[string, Environment, Record<string, Fake>, number]>([
      [
        'that has no role',
        {},
        { ...role, 'GET /latest/meta-data/iam/security-credentials/': { status: 404, body: '' } },
        2,
      ],
      ['whose metadata is switched off', {}, { ...role, 'PUT /latest/api/token': { status: 403, body: '' } }, 1],
      ['whose metadata we are not to ask', { AWS_EC2_METADATA_DISABLED: 'true' }, role, 0],
      [
        'with a role that is no name',
        {},
        { ...role, 'GET /latest/meta-data/iam/security-credentials/': { body: '../x' } },
        2,
      ],
    ])('%s there is no login', async (_name, environment, answers, asked) => {
      const { helpers, seen } = await startFakes(answers, [instance, api], environment);
      expect(await helpers.login(ecr, everybody, soon())).toBeUndefined();
      expect(seen).toHaveLength(asked);
    });
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
