import { readFile } from 'node:fs/promises';
import { memberAt } from '@vouchsafe/engine/kernel';
import {
  type CredentialSource,
  createImageSource,
  createRegistryHosts,
  type ImageSource,
  type SecretKeySource,
  toSignatureOrigins,
  withInsecureRegistries,
} from '@vouchsafe/images';
import { isKubeError, type KubeClient } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { OperatorSettings, Pair } from '../settings/operator-settings.ts';
import { openTrustRoot } from './open-trust-root.ts';

const SECRETS = { group: '', version: 'v1', resource: 'secrets' } as const;

/**
 * The source of image facts as the settings want it. Rejects when the trust root cannot be read: nothing must start then.
 * `onTrustRoot` is told when another root counts.
 */
export async function createOperatorImages(
  client: KubeClient,
  settings: OperatorSettings,
  version: string,
  log: Logger,
  onTrustRoot: () => void,
): Promise<ImageSource> {
  const hosts = createRegistryHosts({
    mirrors: settings.registryMirrors,
    authorities: await Promise.all(settings.registryAuthorities.map(readAuthorities)),
    insecure: settings.insecureRegistries,
  });
  const signatureOrigins = toSignatureOrigins(settings.signatureOrigins);
  if (typeof signatureOrigins === 'string') throw new Error(`--signatureOrigin: ${signatureOrigins}`);
  const trusted = await openTrustRoot(client, settings, { version, log, onChange: onTrustRoot });
  const source = createImageSource({
    hosts,
    signatureOrigins,
    trustRoot: trusted.current,
    credentialProviders: settings.registryCredentialHelpers,
    credentials: createCredentialSource(client, settings),
    acceptAnyStatement: settings.acceptAnyStatement,
    secretKeys: createSecretKeySource(client),
    cache: settings.imageVerifyCacheEnabled
      ? { maxSize: settings.imageVerifyCacheMaxSize, ttlMs: settings.imageVerifyCacheTtlMs }
      : { maxSize: 0, ttlMs: 0 },
    userAgent: `vouchsafe/${version}`,
  });
  const closing: ImageSource = {
    ...source,
    close: () => {
      trusted.stop();
      return source.close();
    },
  };
  return settings.allowInsecureRegistry ? withInsecureRegistries(closing) : closing;
}

async function readAuthorities([host, file]: Pair): Promise<Pair> {
  const pem = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`--registryCa: ${messageOf(error)}`);
  });
  return [host, pem];
}

/** Docker configurations from the Secrets that requests, and `--imagePullSecrets`, name. */
function createCredentialSource(client: KubeClient, settings: OperatorSettings): CredentialSource {
  const read = async (name: string, signal: AbortSignal): Promise<string | undefined> => {
    const { namespace = settings.namespace, secret } = placeOf(name);
    if (secret === undefined) return undefined;
    const object = await getSecret(client, namespace, secret, signal);
    // The older kind of Secret holds what is under `auths` in the newer one.
    const data = object && (memberAt(object, 'data', '.dockerconfigjson') ?? memberAt(object, 'data', '.dockercfg'));
    return typeof data === 'string' ? Buffer.from(data, 'base64').toString('utf8') : undefined;
  };
  return {
    secretConfig: read,
    async defaultConfigs(signal) {
      const configs = await Promise.all(settings.imagePullSecrets.map((name) => read(name, signal)));
      return configs.filter((config) => config !== undefined);
    },
  };
}

/** `name` or `namespace/name`; anything else is no place: who wrote it chose no namespace but the one of their Pod. */
function placeOf(name: string): { readonly namespace?: string | undefined; readonly secret?: string | undefined } {
  return /^(?:(?<namespace>[^/]+)\/)?(?<secret>[^/]+)$/.exec(name)?.groups ?? {};
}

function createSecretKeySource(client: KubeClient): SecretKeySource {
  return {
    async publicKey(namespace, name, signal) {
      const object = await getSecret(client, namespace, name, signal);
      const data = object && memberAt(object, 'data', 'cosign.pub');
      return typeof data === 'string' ? Buffer.from(data, 'base64').toString('utf8') : undefined;
    },
  };
}

async function getSecret(client: KubeClient, namespace: string, name: string, signal: AbortSignal) {
  try {
    return jsonOf(await client.get(SECRETS, { namespace, name }, { signal }));
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined;
    throw error;
  }
}
