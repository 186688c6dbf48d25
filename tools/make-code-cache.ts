// Called by the build: runs usual commands in one process and keeps what V8 compiled for them, for `load-bundle.cjs`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { pushImage, signKeyless, signWithKey, startRegistry, startSigstore } from '@vouchsafe/sandbox';
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

const IMAGE = 'registry.test/team/app:v1';
const KEY = generateKeyPair('ecdsa-p256');
const IDENTITY = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
const identityFlags = ['--certificate-identity', IDENTITY.subject, '--certificate-oidc-issuer', IDENTITY.issuer];

const IMAGE_POLICY = `
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: signed
spec:
  rules:
  - name: signed
    match:
      any:
      - resources:
          kinds: [Pod]
    verifyImages:
    - imageReferences: ["registry.test/*"]
      type: SigstoreBundle
      attestors:
      - entries:
        - keyless:
            subject: ${IDENTITY.subject}
            issuer: ${IDENTITY.issuer}
            rekor:
              url: https://rekor.sigstore.dev
`;

/** A registry with an image that is signed by a key and by an identity, and the flags that find and believe it. */
async function signImage() {
  const [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
  const { image } = pushImage(registry, 'team/app:v1');
  signWithKey({ registry, image, key: KEY.privateKey });
  signKeyless({ registry, image, sigstore, identity: IDENTITY, format: 'bundle', log: 'v2' });
  const root = write('root.json', JSON.stringify(sigstore.trustedRoot));
  return {
    flags: ['--registry-mirror', `registry.test=${registry.url}`, '--trusted-root', root],
    stop: () => Promise.all([registry.stop(), sigstore.stop()]),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-code-cache-'));
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
try {
  const { flags, stop } = await signImage();
  const pod = write('pod.yaml', POD);
  const policy = write('policy.yaml', POLICY);
  const { exports, save } = loadBundle<typeof Program>(path('../packages/cli/dist/main.cjs'), { collect: true });
  for (const args of [
    ['version'],
    ['apply', path('../bench/data/pod-security.yaml'), policy, '--resource', pod],
    ['apply', policy, '--resource', pod, '--policy-report'],
    ['jp', 'query', '-i', pod, 'metadata.name'],
    ['verify', IMAGE, ...flags, '--key', write('key.pub', KEY.publicKeyPem), '--insecure-ignore-tlog'],
    ['verify', IMAGE, ...flags, '--type', 'SigstoreBundle', ...identityFlags],
    ['verify', IMAGE, ...flags, '--policy', write('images.yaml', IMAGE_POLICY)],
  ]) {
    process.exitCode = 0;
    await exports.runCommandLine(args);
    // What fails early leaves nothing compiled that a usual run needs.
    if (Number(process.exitCode) > 1) throw new Error(`\`${args[0]}\` ended with ${process.exitCode}`);
  }
  save();
  await stop();
  process.exitCode = 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
