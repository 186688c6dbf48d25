import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isKubeError, type KubeClient } from '@vouchsafe/kube';

/** Of the Pod, and of the operator that runs as a process beside the sandbox. */
export const OPERATOR_POD = { namespace: 'kyverno', name: 'kyverno-sandbox' } as const;

const PODS = { group: '', version: 'v1', resource: 'pods' } as const;
const MAX_LOG_BYTES = 1024 * 1024;

/** What stands for the operator among the Pods, with the labels that Kyverno's own have, so that its users find it and its log. */
export async function createOperatorPod(client: KubeClient): Promise<void> {
  const labels = {
    'app.kubernetes.io/name': 'kyverno',
    'app.kubernetes.io/part-of': 'kyverno',
    'app.kubernetes.io/instance': 'kyverno',
    'app.kubernetes.io/component': 'admission-controller',
  };
  const spec = { containers: [{ name: 'kyverno', image: 'vouchsafe' }] };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...OPERATOR_POD, labels }, spec };
  await client.create(PODS, pod).catch((error: unknown) => {
    if (!isKubeError(error, 'AlreadyExists')) throw error; // a sandbox that was kept
  });
}

/** The end of the operator's log; empty for other Pods. */
export function readOperatorLog(file: string, namespace: string, name: string): string {
  if (namespace !== OPERATOR_POD.namespace || name !== OPERATOR_POD.name) return '';
  try {
    const log = openSync(file, 'r');
    try {
      const { size } = fstatSync(log);
      const bytes = Buffer.alloc(Math.min(size, MAX_LOG_BYTES));
      readSync(log, bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString('utf8');
    } finally {
      closeSync(log);
    }
  } catch {
    return ''; // it has not started yet
  }
}
