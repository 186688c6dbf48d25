/**
 * Runs the recorded kubectl and helm commands against a fresh server and compares how they end: a command holds when it
 * succeeds, or when it fails after the same refusals (status codes) by the server as in the recording.
 *
 *   node conformance/sandbox/run-commands.ts --recordings <folder> --kubectl <file> --helm <file> [--score <file>]
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startApiServer } from '@vouchsafe/sandbox';
import { tellScore } from './tell-score.ts';

const { values } = parseArgs({
  options: {
    recordings: { type: 'string' },
    kubectl: { type: 'string' },
    helm: { type: 'string' },
    score: { type: 'string' },
  },
});
const { recordings, kubectl, helm } = values;
if (recordings === undefined || kubectl === undefined || helm === undefined) {
  throw new Error('--recordings, --kubectl and --helm are needed');
}

/** What needs a container that runs, or its figures. */
const NO_CONTAINERS = /^kubectl (?:exec|attach|cp|port-forward|top) /;
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

interface RecordedCommand {
  readonly cmd: string;
  /** Method, path, accepted types, type of the body, status code. */
  readonly requests: readonly (readonly [string, string, string, string, number])[];
}

const commands = readFileSync(join(recordings, 'kubectl-requests.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as RecordedCommand);
let refusals: number[] = [];
server.observe(({ code }) => {
  if (code >= 400) refusals.push(code);
});
await run(['kubectl', 'create', 'deployment', 'd2', '--image=nginx']);
await run(['kubectl', 'create', 'configmap', 'cm1', '--from-literal=a=b']);
const failures: { name: string; message: string }[] = [];
let asRecorded = 0;
let notRun = 0;
for (const [index, { cmd, requests }] of commands.entries()) {
  if (NO_CONTAINERS.test(cmd)) {
    notRun += 1;
    continue;
  }
  await prepare(cmd);
  refusals = [];
  const { code, output } = await run(split(cmd), WATCHES.test(cmd) ? 1_500 : 30_000);
  if (succeeded(cmd, code)) continue;
  const recorded = requests.map(([, , , , status]) => status).filter((status) => status >= 400);
  // an unknown resource is no exchange about one: kubectl tells of it
  if (output.includes('the server could not find the requested resource')) refusals.push(404);
  if (endsAlike(recorded, requests.length)) asRecorded += 1;
  else failures.push({ name: `${index + 1} ${cmd}`, message: output.trim().slice(0, 600) });
}
const passed = commands.length - notRun - failures.length;
tellScore({ passed, failures, figures: { refusedAsRecorded: asRecorded, withoutContainers: notRun } }, values.score);
await server.stop();
rmSync(folder, { recursive: true, force: true });

/** `diff` ends with 1 when there are differences; a watch is ended by us. */
function succeeded(command: string, code: number): boolean {
  return code === 0 || (WATCHES.test(command) && code === -1) || (command.startsWith('kubectl diff ') && code === 1);
}

/** Refused in the same ways, however often: a command that polls asks a different number of times. */
function endsAlike(recorded: readonly number[], requests: number): boolean {
  if (requests === 0) return refusals.length === 0; // kubectl refused its own arguments
  return recorded.length > 0 && [...new Set(recorded)].join() === [...new Set(refusals)].join();
}

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
