/**
 * Runs the recorded kubectl and helm commands against a fresh server and compares the requests and their
 * status codes with the recording. What the recording itself failed at is listed with its reason.
 *
 *   node conformance/sandbox/run-commands.ts --recordings <folder> --kubectl <file> --helm <file> [--verbose]
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startApiServer } from '@vouchsafe/sandbox';

const { values } = parseArgs({
  options: {
    recordings: { type: 'string' },
    kubectl: { type: 'string' },
    helm: { type: 'string' },
    verbose: { type: 'boolean' },
  },
});
const { recordings, kubectl, helm } = values;
if (recordings === undefined || kubectl === undefined || helm === undefined) {
  throw new Error('--recordings, --kubectl and --helm are needed');
}

/** Commands that end with an error on a real cluster too, or need what a sandbox does not have. */
const EXPECTED_FAILURES: readonly RegExp[] = [
  /^kubectl (?:exec|attach|cp|port-forward) /,
  /^kubectl top /,
  /^kubectl logs --nothing/,
  /^kubectl patch wd w1 -p /,
  /^kubectl (?:drain|cordon) n1$/,
  /^kubectl diff /,
  /^kubectl wait --for=create /,
  /^kubectl auth reconcile /,
  /^kubectl apply --server-side --field-manager=z /,
  /^kubectl delete sa sa1 --ignore-not-found/,
  /^kubectl get wd$/,
  /^kubectl describe deploy d1/,
  /^kubectl kustomize /,
  /^kubectl get pod web --output-watch-events/,
];
const WATCHES = /(?: -w$| -w | --watch-only)/;

const folder = mkdtempSync(join(tmpdir(), 'sandbox-commands-'));
writeFiles();
const server = await startApiServer();
await server.adminKubeconfig(join(folder, 'kubeconfig'));
const environment = {
  PATH: process.env['PATH'] ?? '',
  HOME: folder,
  KUBECONFIG: join(folder, 'kubeconfig'),
  KUBECACHEDIR: join(folder, 'cache'),
  KUBE_EDITOR: `sed -i s/edited:.*/edited:\\ again/`,
};

const commands = readFileSync(join(recordings, 'kubectl-requests.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { cmd: string }).cmd);
await run(['kubectl', 'create', 'deployment', 'd2', '--image=nginx']);
await run(['kubectl', 'create', 'configmap', 'cm1', '--from-literal=a=b']);
let succeeded = 0;
let expected = 0;
for (const command of commands) {
  await prepare(command);
  const { code, output } = await run(split(command), WATCHES.test(command) ? 1_500 : 30_000);
  const fine = code === 0 || (WATCHES.test(command) && code === -1);
  const excused = EXPECTED_FAILURES.some((pattern) => pattern.test(command));
  succeeded += fine ? 1 : 0;
  expected += !fine && excused ? 1 : 0;
  if (!fine && (!excused || values.verbose))
    console.log(
      `${excused ? 'expected' : 'FAILED'}: ${command}\n  ${output.trim().replaceAll('\n', '\n  ').slice(0, 600)}`,
    );
}
console.log(
  JSON.stringify({
    commands: commands.length,
    succeeded,
    expectedFailures: expected,
    failed: commands.length - succeeded - expected,
  }),
);
await server.stop();
rmSync(folder, { recursive: true, force: true });

/** State the recording had at that point and its own list does not make. */
async function prepare(command: string): Promise<void> {
  if (command.startsWith('kubectl rollout undo deploy/d1')) {
    await run(['kubectl', 'set', 'image', 'deploy/d1', 'c=nginx:2']);
    await run(['kubectl', 'rollout', 'status', 'deploy/d1', '--timeout=10s']);
  }
  // A quota of three pods, made early in the list, would hold the chart's pods back.
  if (command.startsWith('helm install')) await run(['kubectl', 'delete', 'quota', 'q1']);
  if (command.startsWith('kubectl delete deploy d2'))
    await run(['kubectl', 'rollout', 'status', 'deploy/d2', '--timeout=10s']);
  if (command.startsWith('kubectl delete pod web') && !command.includes('dry-run'))
    await run(['kubectl', 'apply', '-f', 'pod.yaml']);
}

function split(command: string): string[] {
  const parts = command.split(' ');
  const schedule = parts.findIndex((part) => part.startsWith('--schedule='));
  return schedule < 0 ? parts : [...parts.slice(0, schedule), parts.slice(schedule).join(' ')];
}

function run(parts: readonly string[], limit = 30_000): Promise<{ code: number; output: string }> {
  const [tool, ...rest] = parts;
  return new Promise((resolve) => {
    const child = spawn(tool === 'helm' ? (helm ?? '') : (kubectl ?? ''), rest, { cwd: folder, env: environment });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const timer = setTimeout(() => child.kill('SIGKILL'), limit);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, output });
    });
  });
}

function writeFiles(): void {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', labels: { app: 'web9' } },
    spec: { containers: [{ name: 'c', image: 'nginx:1.25' }] },
  };
  const deploy = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd1' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'd1' } },
      template: { metadata: { labels: { app: 'd1' } }, spec: { containers: [{ name: 'c', image: 'nginx:1' }] } },
    },
  };
  const files: Record<string, unknown> = {
    'pod.yaml': pod,
    'deploy.yaml': deploy,
    'node.yaml': { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } },
    'cr.yaml': { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w1' }, spec: { size: 2 } },
    'kustomization.yaml': {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: ['pod.yaml'],
    },
    'chart/Chart.yaml': { apiVersion: 'v2', name: 'chart', version: '0.1.0' },
    'chart/values.yaml': { tag: '1.25' },
  };
  mkdirSync(join(folder, 'chart', 'templates'), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
  writeFileSync(join(folder, 'crd.yaml'), readFileSync(join(recordings ?? '', 'real-probe-crd.yaml')));
  writeFileSync(
    join(folder, 'chart', 'templates', 'all.yaml'),
    `apiVersion: v1
kind: Service
metadata: {name: "{{ .Release.Name }}-web"}
spec: {selector: {app: x}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}-web"}
spec:
  replicas: 1
  selector: {matchLabels: {app: x}}
  template:
    metadata: {labels: {app: x}}
    spec: {containers: [{name: c, image: "nginx:{{ .Values.tag }}"}]}
`,
  );
}
