import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Cluster, createBuiltInSigner } from '@vouchsafe/cli';
import type { KubernetesObject } from '@vouchsafe/kube';
import { pushImage } from '@vouchsafe/sandbox';
import { parseAllDocuments } from 'yaml';

const POLICIES = { group: 'kyverno.io', version: 'v1', resource: 'clusterpolicies' } as const;
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The seventeen Pod Security policies. */
export async function podSecurityPolicies(): Promise<readonly KubernetesObject[]> {
  return parsePolicies(await readFile(here('../data/pod-security.yaml'), 'utf8'));
}

/** The four of the zero-trust guide, all enforcing; images of further registries must be signed, too. */
export async function gatePolicies(references: readonly string[] = []): Promise<readonly KubernetesObject[]> {
  const folder = here('../../examples/s3/policies/');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  const texts = await Promise.all(files.map((name) => readFile(`${folder}${name}`, 'utf8')));
  const more = references.map((reference) => `"${reference}", `).join('');
  return texts.flatMap((text) =>
    parsePolicies(
      text
        .replaceAll(/(ailureAction): Audit/g, '$1: Enforce')
        .replace(/imageReferences:\s+- ("[^"]+")[^\n]*/, `imageReferences: [${more}$1]`),
    ),
  );
}

function parsePolicies(text: string): KubernetesObject[] {
  return parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject); // files of our own
}

/** Creates them, and resolves when all that exist are ready. */
export async function installPolicies(cluster: Cluster, policies: readonly KubernetesObject[], patienceMs = 10_000) {
  for (const policy of policies) await cluster.client.create(POLICIES, policy);
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const { items } = await cluster.client.list(POLICIES);
    if (items.every(({ status }) => JSON.stringify(status ?? {}).includes('"reason":"Succeeded"'))) return;
    if (performance.now() > deadline) throw new Error('the policies were not ready in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Deletes them, and resolves when the webhook answers without: it learns of each within a moment. */
export async function removePolicies(cluster: Cluster, policies: readonly KubernetesObject[]): Promise<void> {
  for (const { metadata } of policies) await cluster.client.delete(POLICIES, { name: metadata?.name ?? '' });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
}

/** Pushes an image to the registry that stands in for ghcr.io; signed as the zero-trust guide wants it, or by somebody else. */
export async function makeImage(cluster: Cluster, repository: string, owner?: string): Promise<string> {
  const { digest } = pushImage(cluster.registry, `${repository}:v1`, { labels: { name: repository } });
  const issuer = 'https://token.actions.githubusercontent.com';
  const subject = `https://github.com/${owner}/api/.github/workflows/build.yml@refs/heads/main`;
  if (owner) await createBuiltInSigner().sign({ cluster, repository, digest, by: { issuer, subject } });
  return digest;
}
