import { memberAt } from '@vouchsafe/engine/kernel';
import { isKubeError, type KubeClient, type KubernetesObject } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';
import {
  type CertificateNames,
  type CertificateState,
  type RenewedCertificates,
  renewCertificates,
  type TlsPair,
} from './renew-certificates.ts';

export interface CertificateStoreOptions {
  readonly client: KubeClient;
  readonly names: CertificateNames;
  readonly now: () => Date;
  /** False for replicas that do not lead: they take what is stored. */
  readonly mayRenew?: boolean;
}

const SECRETS = { group: '', version: 'v1', resource: 'secrets' } as const;
const ATTEMPTS = 5;

/**
 * The certificates of the cluster, renewed when due and kept in the Secrets Kyverno uses (kyverno-core §4.3). Several
 * replicas may try at once: the one whose write comes first wins, the others read it. Rejects when the Secrets cannot be
 * read or written.
 */
export async function ensureCertificates(options: CertificateStoreOptions): Promise<RenewedCertificates> {
  const { client, names, now, mayRenew = true } = options;
  for (let attempt = 1; ; attempt += 1) {
    const [authority, serving] = await Promise.all([read(client, names, 'ca'), read(client, names, 'pair')]);
    const state: CertificateState = { authority: pairOf(authority), serving: pairOf(serving) };
    if (!mayRenew && state.authority && state.serving) {
      return { authority: state.authority, serving: state.serving, authorityChanged: false, servingChanged: false };
    }
    const renewed = renewCertificates(state, names, now());
    try {
      if (renewed.authorityChanged) await write(client, names, 'ca', renewed.authority, authority);
      if (renewed.servingChanged) await write(client, names, 'pair', renewed.serving, serving);
      return renewed;
    } catch (error) {
      const lostRace = isKubeError(error, 'Conflict') || isKubeError(error, 'AlreadyExists');
      if (!lostRace || attempt === ATTEMPTS) throw error;
    }
  }
}

function secretName({ serviceName, namespace }: CertificateNames, which: 'ca' | 'pair'): string {
  return `${serviceName}.${namespace}.svc.kyverno-tls-${which}`;
}

async function read(
  client: KubeClient,
  names: CertificateNames,
  which: 'ca' | 'pair',
): Promise<KubernetesObject | undefined> {
  try {
    return await client.get(SECRETS, { namespace: names.namespace, name: secretName(names, which) });
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined;
    throw error;
  }
}

function pairOf(secret: KubernetesObject | undefined): TlsPair | undefined {
  if (!secret) return undefined;
  const [certificate, privateKey] = ['tls.crt', 'tls.key'].map((key) => {
    const value = memberAt(jsonOf(secret), 'data', key);
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
  });
  return certificate && privateKey ? { certificate, privateKey } : undefined;
}

async function write(
  client: KubeClient,
  names: CertificateNames,
  which: 'ca' | 'pair',
  { certificate, privateKey }: TlsPair,
  live: KubernetesObject | undefined,
): Promise<void> {
  const secret: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace: names.namespace,
      name: secretName(names, which),
      labels: { 'cert.kyverno.io/managed-by': 'kyverno' },
      ...(live?.metadata.resourceVersion ? { resourceVersion: live.metadata.resourceVersion } : {}),
    },
    type: 'kubernetes.io/tls',
    data: {
      'tls.crt': Buffer.from(certificate).toString('base64'),
      'tls.key': Buffer.from(privateKey).toString('base64'),
    },
  };
  if (live) await client.update(SECRETS, secret);
  else await client.create(SECRETS, secret);
}
