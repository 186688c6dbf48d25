import { member } from '@vouchsafe/engine/kernel';
import type { Answer } from '../registry/connections.ts';
import type { Environment } from '../registry/environment.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import type { AwsEndpoints } from './aws-endpoints.ts';
import type { HelperContext } from './credential-helper.ts';
import { checkAnswer, readJson, readToken } from './helper-answer.ts';
import type { AwsKeys } from './sign-aws-request.ts';

/** The addresses of the credential services of ECS and of EKS Pod Identity. */
const containerHosts = new Set(['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]']);

const instanceHost = '169.254.169.254';

/**
 * The keys of this process, as the SDKs find them: from the environment, by the web identity of a service account (IRSA), from
 * the credential service beside the container (EKS Pod Identity, ECS), or from the metadata of the instance, which are those of
 * a node. Files of profiles are not read.
 */
export async function findAwsKeys(context: HelperContext, endpoints: AwsEndpoints): Promise<AwsKeys | undefined> {
  const { environment } = context;
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'] ?? '';
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'] ?? '';
  if (accessKeyId !== '' && secretAccessKey !== '') {
    return { accessKeyId, secretAccessKey, sessionToken: environment['AWS_SESSION_TOKEN'] || undefined };
  }
  const role = environment['AWS_ROLE_ARN'] ?? '';
  const tokenFile = environment['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '';
  if (role !== '' && tokenFile !== '') {
    const own = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'];
    return assumeRole(context, role, tokenFile, endpoints.tokens(own));
  }
  const container = containerUrl(environment);
  return container === undefined ? askInstance(context) : askContainer(context, container);
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

/** Undefined: there is no such service. Throws `RegistryFailure` when it is not at an address of AWS. */
function containerUrl(environment: Environment): URL | undefined {
  const relative = environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] ?? '';
  const full = environment['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '';
  if (relative === '' && full === '') return undefined;
  const url = URL.parse(relative === '' ? full : `http://169.254.170.2${relative}`);
  if (url !== null && containerHosts.has(url.hostname)) return url;
  throw new RegistryFailure('permanent', 'the container credential service of AWS is at no known address');
}

async function askContainer(context: HelperContext, url: URL): Promise<AwsKeys | undefined> {
  const { environment } = context;
  const tokenFile = environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] ?? '';
  const token =
    tokenFile === '' ? (environment['AWS_CONTAINER_AUTHORIZATION_TOKEN'] ?? '') : await context.readFile(tokenFile);
  const answer = await context.send({
    url: url.href,
    method: 'GET',
    headers: { accept: 'application/json', ...(token === '' ? {} : { authorization: token }) },
    metadataHost: url.hostname,
  });
  return readKeys(answer, 'the container credential service of AWS');
}

/**
 * The role of the instance, by the second version of the metadata service alone.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
async function askInstance(context: HelperContext): Promise<AwsKeys | undefined> {
  if (context.environment['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return undefined;
  const ask = (method: 'GET' | 'PUT', path: string, headers: Readonly<Record<string, string>>): Promise<Answer> =>
    context.send({ url: `http://${instanceHost}/latest/${path}`, method, headers, metadataHost: instanceHost });
  const session = await ask('PUT', 'api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': '300' });
  const token = Buffer.from(session.body).toString('latin1').trim();
  // Switched off, or of somebody else's cloud.
  if (session.status !== 200 || !/^[\x21-\x7e]{1,1024}$/.test(token)) return undefined;
  const headers = { 'x-aws-ec2-metadata-token': token };
  const roles = await ask('GET', 'meta-data/iam/security-credentials/', headers);
  const [role = ''] = Buffer.from(roles.body).toString('latin1').trim().split('\n');
  if (roles.status !== 200 || !/^[\w+=,.@-]{1,64}$/.test(role)) return undefined;
  return readKeys(
    await ask('GET', `meta-data/iam/security-credentials/${role}`, headers),
    'the instance metadata of AWS',
  );
}

function readKeys(answer: Answer, what: string): AwsKeys {
  const document = readJson(answer, what);
  return {
    accessKeyId: readToken(document, 'AccessKeyId', what),
    secretAccessKey: readToken(document, 'SecretAccessKey', what),
    sessionToken: member(document, 'Token') === undefined ? undefined : readToken(document, 'Token', what),
  };
}
