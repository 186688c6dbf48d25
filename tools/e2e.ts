// `npm run test:e2e`: plays every scenario with the real kubectl on images signed by the real cosign 2.5 and 3.1.
// `--server KUBECONFIG` plays them on a server that runs already, tells every step that ends otherwise than on the sandbox,
// and empties the server between scenarios: give it one that holds nothing. It must reach 127.0.0.1, where webhooks are.
// `--kubectl kubectl-1.32` plays them with that version.
// Without names, or with `soak`, a short soak follows.
// A tool that was not fetched makes its scenarios `not run`, never `passed`; with --require-tools, `failed`.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  createCosignSigner,
  createRealKubectl,
  MIRRORED_HOSTS,
  readScenario,
  runScenario,
  type Scenario,
  startCluster,
} from '@vouchsafe/cli';
import { emptyServer } from './empty-server.ts';
import { findTool, TOOL_NAMES } from './tool-paths.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  options: {
    'require-tools': { type: 'boolean', default: false },
    summary: { type: 'string' },
    'keep-logs': { type: 'boolean', default: false },
    server: { type: 'string' },
    kubectl: { type: 'string', default: 'kubectl' },
  },
  allowPositionals: true,
});

// scenarios play what is in the tree, not what was built last
process.env['VOUCHSAFE_FROM_SOURCE'] ??= '1';
const HOMES = ['packages/cli/scenarios', 'conformance/scenarios'];
const kubectlName = TOOL_NAMES.find((name) => name === values.kubectl && name.startsWith('kubectl'));
if (!kubectlName) throw new Error('--kubectl is kubectl or kubectl-1.32');
const [kubectl, legacy, bundle] = [findTool(kubectlName), findTool('cosign-2'), findTool('cosign-3')];
/** What command lines of users call, as far as it was fetched; jq is gojq, which is one file. */
const programs = new Map(
  (
    [
      ['kubectl', kubectl],
      ['jq', findTool('gojq')],
      ['cosign', legacy],
      ['cosign3', bundle],
      ['prometheus', findTool('prometheus')],
    ] as const
  ).flatMap(([name, tool]) => ('missing' in tool ? [] : [[name, tool.path] as const])),
);
const serverKubeconfig = values.server === undefined ? undefined : resolve(values.server);
const count = { passed: 0, failed: 0, notRun: 0 };

for (const home of HOMES) {
  const names = await readdir(join(root, home)).catch(() => []);
  for (const name of names.sort()) {
    if (positionals.length > 0 && !positionals.some((wanted) => name.includes(wanted))) continue;
    await play(await readScenario(join(root, home, name)));
  }
}

if (serverKubeconfig === undefined && (positionals.length === 0 || positionals.includes('soak'))) soak();

console.log(`\n${count.passed} passed, ${count.failed} failed${count.notRun > 0 ? `, ${count.notRun} not run` : ''}`);
if (values.summary) await writeFile(values.summary, JSON.stringify(count));
process.exit(count.failed > 0 || count.passed + count.notRun === 0 ? 1 : 0);

/** The verdicts of a quarter of a minute under load and attack; `npm run test:soak` takes its time. */
function soak(): void {
  const program = join(root, 'bench/soak/run.ts');
  const args = [
    '--disable-warning=ExperimentalWarning',
    program,
    '--seconds',
    '12',
    '--rate',
    '100',
    '--connections',
    '100',
    '--verdicts',
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 240_000 });
  count[status === 0 ? 'passed' : 'failed'] += 1;
  console.log(`${status === 0 ? 'passed ' : 'FAILED '} soak: no wrong verdict under load and attack`);
  if (status !== 0) console.log(`${stdout}${stderr}`);
}

async function play(scenario: Scenario): Promise<void> {
  const missing = [kubectl, legacy, bundle].flatMap((tool) => ('missing' in tool ? [tool.missing] : []));
  if ('missing' in kubectl || 'missing' in legacy || 'missing' in bundle) {
    count[values['require-tools'] ? 'failed' : 'notRun'] += 1;
    console.log(`${values['require-tools'] ? 'FAILED ' : 'not run'} ${scenario.name}: ${missing.join('; ')}`);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-e2e-'));
  const started = performance.now();
  let told = '';
  const left: string[] = [];
  let held = false;
  try {
    const cluster = await startCluster({
      folder,
      mirroredHosts: [...MIRRORED_HOSTS, ...scenario.registryHosts],
      operatorFlags: scenario.operatorFlags,
      authorization: scenario.authorization,
      ...(serverKubeconfig ? { serverKubeconfig } : {}),
    });
    try {
      const tools = {
        cluster,
        kubectl: createRealKubectl({
          path: kubectl.path,
          kubeconfig: cluster.kubeconfig,
          cacheFolder: join(folder, 'kubectl'),
        }),
        signer: createCosignSigner({ legacy, bundle }),
        programs,
      };
      held = await runScenario(
        scenario,
        tools,
        ({ step, held: isHeld, surprise, skipped, result }) => {
          if (skipped !== undefined) left.push(`${step.title}: ${skipped}`);
          if (!isHeld) told += `  step \`${step.title}\`: ${surprise}\n${result?.stdout ?? ''}${result?.stderr ?? ''}`;
        },
        { goOn: serverKubeconfig !== undefined },
      );
    } finally {
      await cluster.stop();
      if (serverKubeconfig) await emptyServer(serverKubeconfig);
    }
  } catch (error) {
    told = `  ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  if (left.length > 0 && values['require-tools']) {
    held = false;
    told += `  left out: ${left.join('; ')}\n`;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  count[held ? 'passed' : 'failed'] += 1;
  console.log(
    `${held ? 'passed ' : 'FAILED '} ${scenario.name}: ${scenario.title} (${scenario.steps.length} steps, ${seconds} s)`,
  );
  if (!held) console.log(told);
  else for (const reason of left) console.log(`  left out: ${reason}`);
  if (held && !values['keep-logs']) await rm(folder, { recursive: true, force: true });
  else console.log(`  logs: ${folder}`);
}
