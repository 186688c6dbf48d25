import { RegistryFailure } from '../registry/registry-failure.ts';
import type { CredentialHelper, HelperContext } from './credential-helper.ts';
import { readJson, readToken } from './helper-answer.ts';

const registryHost = /^[a-z0-9-]{5,63}\.azurecr\.(io|cn|us)$/;
/** Where tokens come from, by the cloud of the registry. */
const authorities: ReadonlyMap<string, string> = new Map([
  ['io', 'https://login.microsoftonline.com'],
  ['cn', 'https://login.chinacloudapi.cn'],
  ['us', 'https://login.microsoftonline.us'],
]);
/** What they are for: registries in every cloud take it, and those that refuse tokens of the resource manager nothing else. */
const resource = 'https://containerregistry.azure.net';
const metadataHost = '169.254.169.254';
/** The user name that stands for "by refresh token". */
const anybody = '00000000-0000-0000-0000-000000000000';
/** Refresh tokens of registries last three hours; they do not say so in words. */
const lifetimeMs = 3_600_000;

/** Azure Container Registry: a token of Entra ID, exchanged with the registry for one of its own. */
export const azureHelper: CredentialHelper = {
  name: 'azure',
  matches: (host) => registryHost.test(host),
  async login(host, context) {
    const authority = authorities.get(registryHost.exec(host)?.[1] ?? '');
    const token = authority === undefined ? undefined : await findToken(context, authority);
    if (token === undefined) return undefined;
    const form = new URLSearchParams({ grant_type: 'access_token', service: host, access_token: token });
    const tenant = context.environment['AZURE_TENANT_ID'] ?? '';
    if (tenant !== '') form.set('tenant', tenant);
    const answer = await context.send(postForm(`https://${host}/oauth2/exchange`, form));
    const password = readToken(
      readJson(answer, 'Azure Container Registry'),
      'refresh_token',
      'Azure Container Registry',
    );
    return {
      credential: { kind: 'password', username: anybody, password },
      expiresAt: context.now() + lifetimeMs,
    };
  },
};

/** By workload identity or a client secret where the environment names one, else by the managed identity. */
async function findToken(context: HelperContext, authority: string): Promise<string | undefined> {
  const { environment } = context;
  const client = environment['AZURE_CLIENT_ID'] ?? '';
  const tenant = environment['AZURE_TENANT_ID'] ?? '';
  const tokenFile = environment['AZURE_FEDERATED_TOKEN_FILE'] ?? '';
  const secret = environment['AZURE_CLIENT_SECRET'] ?? '';
  if (client === '' || tenant === '' || (tokenFile === '' && secret === '')) {
    return askManagedIdentity(context, client);
  }
  if (!/^[A-Za-z0-9.-]{1,128}$/.test(tenant)) throw new RegistryFailure('permanent', 'AZURE_TENANT_ID is malformed');
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client,
    scope: `${resource}/.default`,
    ...(tokenFile === ''
      ? { client_secret: secret }
      : {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await context.readFile(tokenFile),
        }),
  });
  const base = (environment['AZURE_AUTHORITY_HOST'] || authority).replace(/\/+$/, '');
  if (!base.startsWith('https://')) throw new RegistryFailure('permanent', 'AZURE_AUTHORITY_HOST is not an https URL');
  const answer = await context.send(postForm(`${base}/${tenant}/oauth2/v2.0/token`, form));
  return readToken(readJson(answer, 'Entra ID'), 'access_token', 'Entra ID');
}

async function askManagedIdentity(context: HelperContext, client: string) {
  const query = new URLSearchParams({ 'api-version': '2018-02-01', resource });
  if (client !== '') query.set('client_id', client);
  const answer = await context.send({
    url: `http://${metadataHost}/metadata/identity/oauth2/token?${query}`,
    method: 'GET',
    headers: { metadata: 'true', accept: 'application/json' },
    metadataHost,
  });
  // No identity is assigned, or this is another cloud.
  if (answer.status === 400 || answer.status === 404) return undefined;
  const what = 'the metadata server of Azure';
  return readToken(readJson(answer, what), 'access_token', what);
}

function postForm(url: string, form: URLSearchParams) {
  return {
    url,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
  } as const;
}
