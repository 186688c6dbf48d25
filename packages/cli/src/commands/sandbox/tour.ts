import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createKubeClient,
  isKubeError,
  type KubeClient,
  type KubernetesObject,
  loadClusterConnection,
} from '@vouchsafe/kube';
import { pushImage } from '@vouchsafe/sandbox';
import { parse } from 'yaml';
import type { ClusterState } from '../../cluster/cluster-state.ts';
import { packageFile } from '../../cluster/program-path.ts';
import type { Cluster } from '../../cluster/start-cluster.ts';
import { type CommandIo, EXIT } from '../../flags/command.ts';
import { createBuiltInSigner } from '../../scenario/signer.ts';

const SIGNED = 'ghcr.io/fluxcd/source-controller:v1.5.0';
const UNSIGNED = 'ghcr.io/fluxcd/source-controller:v1.5.0-unsigned';
const FOREIGN = 'ghcr.io/fluxcd/source-controller:v1.5.0-foreign';
const ISSUER = 'https://token.actions.githubusercontent.com';
const POLICIES = { group: 'kyverno.io', version: 'v1', resource: 'clusterpolicies' } as const;
const PODS = { group: '', version: 'v1', resource: 'pods' } as const;
const READY_MS = 10_000;
const POLL_MS = 50;

/** Makes the images of the tour and installs its policy, in Enforce. Resolves when the policy is ready. */
export async function prepareTour(cluster: Cluster): Promise<void> {
  const signer = createBuiltInSigner();
  const images = [
    {
      image: SIGNED,
      subject: 'https://github.com/fluxcd/source-controller/.github/workflows/release.yml@refs/tags/v1.5.0',
    },
    { image: UNSIGNED, subject: undefined },
    { image: FOREIGN, subject: 'https://gitlab.example/mallory/source-controller' },
  ];
  for (const { image, subject } of images) {
    const pushed = pushImage(cluster.registry, image.slice(image.indexOf('/') + 1), { labels: { image } });
    if (!subject) continue;
    const by = { issuer: ISSUER, subject };
    await signer.sign({ cluster, repository: pushed.repository, digest: pushed.digest, by });
  }
  const text = await readFile(join(packageFile('scenarios'), 's0-signed-images', 'policy-enforce.yaml'), 'utf8');
  const policy = parse(text) as KubernetesObject; // our own file
  await cluster.client.create(POLICIES, policy).catch((error: unknown) => {
    if (!isKubeError(error, 'AlreadyExists')) throw error; // kept from an earlier run
  });
  await whenReady(cluster.client, policy.metadata.name ?? '');
}

async function whenReady(client: KubeClient, name: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const { status } = await client.get(POLICIES, { name });
    if (JSON.stringify(status ?? {}).includes('"reason":"Succeeded"')) return;
    if (performance.now() > deadline) throw new Error(`policy ${name} was not ready after ${READY_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Shows what the policy of the tour does to each image, then what to try by hand. */
export async function showTour(state: ClusterState, kubeconfig: string, io: CommandIo): Promise<number> {
  const connection = await loadClusterConnection({ kubeconfig: state.kubeconfig });
  if (!connection.ok) throw new Error(connection.message);
  const client = createKubeClient(connection.value, { userAgent: 'vouchsafe-cli' });
  io.stdout('\nThe policy `verify-image-signatures` asks for a signature by a GitHub Actions workflow:\n\n');
  let surprises = 0;
  for (const [image, wanted] of [
    [UNSIGNED, 'refused'],
    [FOREIGN, 'refused'],
    [SIGNED, 'admitted'],
  ] as const) {
    const { admitted, text } = await tryPod(client, image);
    if (admitted !== (wanted === 'admitted')) surprises += 1;
    io.stdout(`  ${admitted ? 'admitted' : 'refused '}  ${image}\n            ${text}\n`);
  }
  await client.close();
  io.stdout(
    [
      '',
      'Try it:',
      `  export KUBECONFIG=${kubeconfig}`,
      `  kubectl run bad --image=${UNSIGNED}`,
      `  kubectl run good --image=${SIGNED}`,
      '  kubectl get pod good -o jsonpath=\'{.spec.containers[0].image}{"\\n"}\'',
      '',
      'Why was it refused?  npx vouchsafe explain',
      'Done?                npx vouchsafe sandbox down',
      '',
    ].join('\n'),
  );
  return surprises === 0 ? EXIT.ok : EXIT.violations;
}

/** Creates a Pod without keeping it. */
async function tryPod(client: KubeClient, image: string): Promise<{ admitted: boolean; text: string }> {
  const pod: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'tour', namespace: 'default' },
    spec: { containers: [{ name: 'main', image }] },
  };
  try {
    const { spec } = await client.create(PODS, pod, {}, { dryRun: true });
    const [container] = (spec as { containers: readonly { image: string }[] }).containers; // a Pod has containers
    return { admitted: true, text: `pinned: ${container?.image}` };
  } catch (error) {
    if (!isKubeError(error)) throw error;
    return { admitted: false, text: reasonOf(error.message) };
  }
}

/** The line of a refusal that tells why. */
function reasonOf(message: string): string {
  const lines = message.split('\n').map((line) => line.trim());
  const start = lines.findIndex((line) => line.includes('failed to verify'));
  if (start === -1) return lines.filter((line) => line !== '').join(' ');
  return lines
    .slice(start)
    .join(' ')
    .replace(/^[^:]+: /, '')
    .replace(/^['>|-]+\s*/, '')
    .trim()
    .replace(/'$/, '');
}
