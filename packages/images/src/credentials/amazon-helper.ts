import { isJsonArray, member, memberAt } from '@vouchsafe/engine/kernel';
import { RegistryFailure } from '../registry/registry-failure.ts';
import { findAwsKeys } from './aws-keys.ts';
import type { CredentialHelper } from './credential-helper.ts';
import { readJson } from './helper-answer.ts';
import { signAwsRequest } from './sign-aws-request.ts';

/** ACCOUNT.dkr.ecr.REGION.amazonaws.com, with `-fips` and the Chinese suffix. */
const registryHost = /^\d{12}\.dkr\.ecr(-fips)?\.([a-z0-9-]{1,32})\.(amazonaws\.com(?:\.cn)?)$/;

/** Elastic Container Registry: GetAuthorizationToken, whose password lasts twelve hours. */
export const amazonHelper: CredentialHelper = {
  name: 'amazon',
  matches: (host) => registryHost.test(host),
  async login(host, context) {
    const [, fips = '', region = '', suffix = ''] = registryHost.exec(host) ?? [];
    const keys = await findAwsKeys(context, region, suffix);
    if (keys === undefined) return undefined;
    const url = new URL(`https://${fips === '' ? 'api.ecr' : 'ecr-fips'}.${region}.${suffix}/`);
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
