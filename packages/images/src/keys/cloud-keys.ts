import { createPublicKey } from 'node:crypto';
import { joinPem } from '@vouchsafe/kube/pki';
import { RegistryFailure } from '../registry/registry-failure.ts';
import { Refusal } from '../trust/refusal.ts';
import type { KeyContext, KeyProvider } from './key-provider.ts';

/** As much of `@aws-sdk/client-kms` as is used. */
interface AwsKms {
  readonly KMSClient: new (options: {
    region?: string;
  }) => {
    send(command: unknown, options: { abortSignal: AbortSignal }): Promise<{ PublicKey?: Uint8Array }>;
    destroy(): void;
  };
  readonly GetPublicKeyCommand: new (input: { KeyId: string }) => unknown;
}

const keyId = /^[A-Za-z0-9_-]{1,256}$/;
const alias = /^alias\/[A-Za-z0-9/_-]{1,250}$/;
const arn = /^arn:aws[a-z-]*:kms:([a-z0-9-]{1,32}):\d{12}:(?:key|alias)\/[A-Za-z0-9/_-]{1,256}$/;

/**
 * `awskms:///id`, `awskms:///alias/name`, `awskms:///arn:…`. The region is the ARN's, else what the SDK finds. An endpoint in
 * the reference is refused: policies must not send the credentials of this process anywhere; AWS_ENDPOINT_URL_KMS can.
 */
export const awsKeys: KeyProvider = {
  scheme: 'awskms',
  async publicKey(name, context) {
    if (!name.startsWith('/')) {
      throw invalid('endpoints in `awskms://` references are not used; AWS_ENDPOINT_URL_KMS names one');
    }
    const id = name.slice(1);
    const region = arn.exec(id)?.[1];
    if (region === undefined && !keyId.test(id) && !alias.test(id)) throw invalid('the AWS KMS key is malformed');
    // The shape of the package named.
    const kms = (await loadPeer('@aws-sdk/client-kms', 'awskms', context)) as AwsKms;
    const client = new kms.KMSClient(region === undefined ? {} : { region });
    try {
      const command = new kms.GetPublicKeyCommand({ KeyId: id });
      const { PublicKey } = await asked('AWS KMS', client.send(command, { abortSignal: context.signal }));
      if (PublicKey === undefined) throw invalid('the AWS KMS key has no public part');
      return joinPem('PUBLIC KEY', PublicKey);
    } finally {
      client.destroy();
    }
  },
};

/** As much of `google-auth-library` as is used. */
interface GoogleAuthLibrary {
  readonly GoogleAuth: new (options: {
    scopes: string;
  }) => {
    request(options: { url: string; signal: AbortSignal }): Promise<{ data?: { pem?: unknown } }>;
  };
}

const googleKey =
  /^(projects\/[a-z0-9.:-]{1,64}\/locations\/[a-z0-9-]{1,64}\/keyRings\/[\w-]{1,64}\/cryptoKeys\/[\w-]{1,64})\/(?:versions|cryptoKeyVersions)\/(\d{1,9})$/;

/** `gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K/versions/N`; a key without a version names no one key. */
export const googleKeys: KeyProvider = {
  scheme: 'gcpkms',
  async publicKey(name, context) {
    const [, key, version] = googleKey.exec(name) ?? [];
    if (key === undefined)
      throw invalid('the Google KMS key is malformed: it needs its version, `…/cryptoKeys/K/versions/N`');
    // The shape of the package named.
    const library = (await loadPeer('google-auth-library', 'gcpkms', context)) as GoogleAuthLibrary;
    const auth = new library.GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloudkms' });
    const url = `https://cloudkms.googleapis.com/v1/${key}/cryptoKeyVersions/${version}/publicKey`;
    const { data } = await asked('Google KMS', auth.request({ url, signal: context.signal }));
    if (typeof data?.pem !== 'string') throw invalid('the Google KMS key has no public part');
    return data.pem;
  },
};

/** As much of `@azure/identity` as is used. */
interface AzureIdentity {
  readonly DefaultAzureCredential: new () => {
    getToken(scope: string, options: { abortSignal: AbortSignal }): Promise<{ token: string } | null>;
  };
}

const azureKey =
  /^([a-z0-9-]{3,24}\.(?:vault\.azure\.net|vault\.azure\.cn|vault\.usgovcloudapi\.net|managedhsm\.azure\.net))\/([A-Za-z0-9-]{1,127})(?:\/([a-f0-9]{32}))?$/;
const maximumBytes = 256 * 1024;

/** `azurekms://NAME.vault.azure.net/key[/version]`. The token goes to Azure's own hosts alone. */
export const azureKeys: KeyProvider = {
  scheme: 'azurekms',
  async publicKey(name, context) {
    const [, host, key, version = ''] = azureKey.exec(name) ?? [];
    if (host === undefined || key === undefined) throw invalid('the Azure Key Vault key is malformed');
    // The shape of the package named.
    const identity = (await loadPeer('@azure/identity', 'azurekms', context)) as AzureIdentity;
    const credential = new identity.DefaultAzureCredential();
    const audience = host.slice(host.indexOf('.') + 1);
    const { signal, connections, userAgent } = context;
    const got = await asked('Azure', credential.getToken(`https://${audience}/.default`, { abortSignal: signal }));
    if (got === null) throw invalid('Azure gives this process no token');
    const answer = await connections.exchange(
      {
        url: new URL(`https://${host}/keys/${key}/${version}?api-version=7.4`),
        method: 'GET',
        headers: { 'user-agent': userAgent, accept: 'application/json', authorization: `Bearer ${got.token}` },
        maximumBytes,
        ca: undefined,
        insecure: false,
        loopbackHost: undefined,
      },
      signal,
    );
    if (answer.status === 404) throw invalid(`there is no key \`${key}\` in the Azure Key Vault`);
    if (answer.status === 401 || answer.status === 403) {
      throw new RegistryFailure('denied', `Azure Key Vault denies access to the key \`${key}\` (${answer.status})`);
    }
    if (answer.status !== 200) throw new RegistryFailure('transient', `Azure Key Vault answered ${answer.status}`);
    return pemOfJwk(answer.body);
  },
};

function pemOfJwk(body: Uint8Array): string {
  try {
    const { key } = JSON.parse(Buffer.from(body).toString('utf8'));
    // Keys in hardware are the same keys.
    const jwk = { ...key, kty: String(key.kty).replace('-HSM', '') };
    return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    throw invalid('the Azure Key Vault key cannot be read');
  }
}

/** Packages nobody needs who keeps no keys there: loaded on first use, and named when they are absent. */
async function loadPeer(name: string, scheme: string, { load }: KeyContext): Promise<unknown> {
  try {
    return await load(name);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const isAbsent = code === 'MODULE_NOT_FOUND' && error instanceof Error && error.message.includes(`'${name}'`);
    throw invalid(
      isAbsent
        ? `install \`${name}\` to use \`${scheme}://\``
        : `\`${name}\`, which \`${scheme}://\` needs, does not load`,
    );
  }
}

/** What SDKs say may hold anything; only the name of the error, or the status of the answer, is passed on. */
async function asked<Answer>(what: string, question: Promise<Answer>): Promise<Answer> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof RegistryFailure) throw error;
    const name = error instanceof Error ? error.name : 'unknown';
    const status = statusOf(error);
    const told = name === 'Error' && status !== undefined ? String(status) : name;
    if (error instanceof Error && /region is missing/i.test(error.message)) {
      throw invalid(`${what} needs a region: AWS_REGION is not set, and the key is not named by its ARN`);
    }
    if (status === 404 || /NotFound|InvalidArn|UnsupportedOperation|ValidationException/.test(name)) {
      throw invalid(`${what} has no such key (${told})`);
    }
    if (
      status === 401 ||
      status === 403 ||
      /AccessDenied|UnrecognizedClient|InvalidSignature|ExpiredToken/.test(name)
    ) {
      throw new RegistryFailure('denied', `${what} denies access to the key (${told})`);
    }
    throw new RegistryFailure('transient', `${what} cannot be asked for the key (${told})`);
  }
}

/** Of the answer, as `google-auth-library` has it. */
function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  return typeof status === 'number' ? status : undefined;
}

function invalid(message: string): Refusal {
  return new Refusal('invalid-attestor', message);
}
