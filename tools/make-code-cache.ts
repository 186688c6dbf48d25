// Called by the build: runs usual commands in one process and keeps what V8 compiled for them, for `load-bundle.cjs`.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadBundle } from '../packages/cli/bin/load-bundle.cjs';
import type * as Program from '../packages/cli/src/main.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const POD = `apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: default
  labels: {app: web}
spec:
  containers:
  - name: web
    image: registry.test/web:1.2.3
    args: ["--port", '80']
    resources:
      limits:
        memory: 128Mi
    securityContext:
      privileged: true
`;
const POLICY = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: usual
spec:
  rules:
  - name: validate
    match:
      any:
      - resources:
          kinds: [Pod]
    exclude:
      any:
      - resources:
          namespaces: [kube-system]
    preconditions:
      all:
      - key: "{{ request.operation || 'BACKGROUND' }}"
        operator: NotEquals
        value: DELETE
    validate:
      failureAction: Audit
      message: >-
        Labels are {{ request.object.metadata.labels }}.
      pattern:
        metadata:
          labels:
            app: "?*"
  - name: mutate
    match:
      any:
      - resources:
          kinds:
          - Pod
    mutate:
      patchStrategicMerge:
        metadata:
          labels:
            +(owner): nobody
        spec:
          containers:
          - (name): "*"
            imagePullPolicy: Always
`;

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-code-cache-'));
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
try {
  const { publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const pod = write('pod.yaml', POD);
  const policy = write('policy.yaml', POLICY);
  const { exports, save } = loadBundle<typeof Program>(path('../packages/cli/dist/main.cjs'), { collect: true });
  for (const args of [
    ['version'],
    ['apply', path('../bench/data/pod-security.yaml'), policy, '--resource', pod],
    ['apply', policy, '--resource', pod, '--policy-report'],
    ['jp', 'query', '-i', pod, 'metadata.name'],
    // nothing listens there: what is wanted is the code that asks
    ['verify', 'localhost:1/none:v1', '--key', write('key.pub', publicKey), '--allow-insecure-registry'],
  ]) {
    await exports.runCommandLine(args);
  }
  save();
  process.exitCode = 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
