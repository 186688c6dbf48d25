import { member } from '@vouchsafe/engine/kernel';
import { RegistryFailure } from '../registry/registry-failure.ts';
import type { HelperContext } from './credential-helper.ts';
import { checkAnswer, readJson, readToken } from './helper-answer.ts';
import type { AwsKeys } from './sign-aws-request.ts';

/** The addresses of the credential services of ECS and of EKS Pod Identity. */
const containerHosts = new Set(['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]']);

/**
 * The keys of this process, as the SDKs find them: from the environment, by the web identity of a service account (IRSA), or
 * from the credential service beside the container (EKS Pod Identity, ECS). Instance metadata is not asked.
 */
export async function findAwsKeys(
  context: HelperContext,
  region: string,
  suffix: string,
): Promise<AwsKeys | undefined> {
  const { environment } = context;
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'] ?? '';
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'] ?? '';
  if (accessKeyId !== '' && secretAccessKey !== '') {
    return { accessKeyId, secretAccessKey, sessionToken: environment['AWS_SESSION_TOKEN'] || undefined };
  }
  const role = environment['AWS_ROLE_ARN'] ?? '';
  const tokenFile = environment['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '';
  if (role !== '' && tokenFile !== '') return assumeRole(context, role, tokenFile, `sts.${region}.${suffix}`);
  return askContainer(context);
}

/** STS AssumeRoleWithWebIdentity, which needs no signature. */
async function assumeRole(context: HelperContext, role: string, tokenFile: string, host: string): Promise<AwsKeys> {
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: context.environment['AWS_ROLE_SESSION_NAME'] || 'vouchsafe',
    WebIdentityToken: await context.readFile(tokenFile),
  });
  const answer = await context.send({
    url: `https://${host}/`,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/xml' },
    body: form.toString(),
  });
  checkAnswer(answer, 'AWS STS');
  const text = Buffer.from(answer.body).toString('utf8');
  return {
    accessKeyId: element(text, 'AccessKeyId'),
    secretAccessKey: element(text, 'SecretAccessKey'),
    sessionToken: element(text, 'SessionToken'),
  };
}

/** The text of the only element of that name; keys and tokens need no entities. */
function element(text: string, name: string): string {
  const start = text.indexOf(`<${name}>`);
  const end = text.indexOf(`</${name}>`, start);
  const value = start < 0 || end < 0 ? '' : text.slice(start + name.length + 2, end).trim();
  if (!/^[\x21-\x7e]{1,65536}$/.test(value)) throw new RegistryFailure('transient', 'AWS STS gave no keys');
  return value;
}

async function askContainer(context: HelperContext): Promise<AwsKeys | undefined> {
  const { environment } = context;
  const relative = environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] ?? '';
  const full = environment['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '';
  if (relative === '' && full === '') return undefined;
  const url = URL.parse(relative === '' ? full : `http://169.254.170.2${relative}`);
  if (url === null || !containerHosts.has(url.hostname)) {
    throw new RegistryFailure('permanent', 'the container credential service of AWS is at no known address');
  }
  const tokenFile = environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] ?? '';
  const token =
    tokenFile === '' ? (environment['AWS_CONTAINER_AUTHORIZATION_TOKEN'] ?? '') : await context.readFile(tokenFile);
  const answer = await context.send({
    url: url.href,
    method: 'GET',
    headers: { accept: 'application/json', ...(token === '' ? {} : { authorization: token }) },
    metadataHost: url.hostname,
  });
  const what = 'the container credential service of AWS';
  const document = readJson(answer, what);
  return {
    accessKeyId: readToken(document, 'AccessKeyId', what),
    secretAccessKey: readToken(document, 'SecretAccessKey', what),
    sessionToken: member(document, 'Token') === undefined ? undefined : readToken(document, 'Token', what),
  };
}
