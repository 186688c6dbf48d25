import { isJsonArray, member, memberAt } from '@vouchsafe/engine/kernel';
import { RegistryFailure } from '../registry/registry-failure.ts';
import { awsEndpointsOf } from './aws-endpoints.ts';
import { findAwsKeys } from './aws-keys.ts';
import type { CredentialHelper } from './credential-helper.ts';
import { readJson } from './helper-answer.ts';
import { signAwsRequest } from './sign-aws-request.ts';

/** Elastic Container Registry: GetAuthorizationToken, whose password lasts twelve hours. */
export const amazonHelper: CredentialHelper = {
  name: 'amazon',
  matches: (host) => awsEndpointsOf(host) !== undefined,
  async login(host, context) {
    const endpoints = awsEndpointsOf(host);
    const keys = endpoints && (await findAwsKeys(context, endpoints));
    if (endpoints === undefined || keys === undefined) return undefined;
    const { region, registries } = endpoints;
    const url = new URL(`https://${registries}/`);
    const body = '{}';
    const headers = signAwsRequest(
      {
        method: 'POST',
        url,
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
        },
        body,
      },
      { region, service: 'ecr', now: new Date(context.now()) },
      keys,
    );
    const document = readJson(await context.send({ url: url.href, method: 'POST', headers, body }), 'Amazon ECR');
    const list = member(document, 'authorizationData');
    const [data] = isJsonArray(list) ? list : [];
    const token = memberAt(data, 'authorizationToken');
    const pair = typeof token === 'string' ? Buffer.from(token, 'base64').toString('utf8') : '';
    const colon = pair.indexOf(':');
    if (colon < 1) throw new RegistryFailure('transient', 'Amazon ECR gave an answer without a token');
    const seconds = memberAt(data, 'expiresAt');
    return {
      credential: { kind: 'password', username: pair.slice(0, colon), password: pair.slice(colon + 1) },
      expiresAt: typeof seconds === 'number' ? seconds * 1000 : context.now() + 3_600_000,
    };
  },
};
