import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { styleText } from 'node:util';
import { MIRRORED_HOSTS } from '../../cluster/mirrored-hosts.ts';
import { packageFile } from '../../cluster/program-path.ts';
import { startCluster } from '../../cluster/start-cluster.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import { findKubectl, findPrograms } from '../../scenario/find-kubectl.ts';
import { runScenario, type StepOutcome } from '../../scenario/run-scenario.ts';
import { readScenario, type Scenario } from '../../scenario/scenario.ts';
import { createBuiltInSigner } from '../../scenario/signer.ts';

const DEFAULT = 's0-signed-images';

/** Plays scenarios; each step asserts its outcome. Exit code 1 on the first surprise. */
export async function demo(args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const folders = await chooseFolders(args, flags['all'] === true, io.cwd);
  let held = true;
  for (const folder of folders) {
    held = (await play(await readScenario(folder), flags, io)) && held;
    if (!held) break;
  }
  return held ? EXIT.ok : EXIT.violations;
}

async function chooseFolders(args: readonly string[], all: boolean, cwd: string): Promise<readonly string[]> {
  const home = packageFile('scenarios');
  if (all) return (await readdir(home)).sort().map((name) => join(home, name));
  const wanted = args.length > 0 ? args : [DEFAULT];
  return wanted.map((name) => {
    const own = join(home, name);
    return !isAbsolute(name) && existsSync(own) ? own : resolve(cwd, name);
  });
}

async function play(scenario: Scenario, flags: FlagValues, io: CommandIo): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-demo-'));
  const bold = (text: string) => (io.isTerminal ? styleText('bold', text) : text);
  io.stdout(`${bold(scenario.title)}\n\n`);
  const started = performance.now();
  const cluster = await startCluster({
    folder,
    mirroredHosts: [...MIRRORED_HOSTS, ...scenario.registryHosts],
    operatorFlags: scenario.operatorFlags,
    authorization: scenario.authorization,
  });
  try {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    io.stdout(`A cluster, a registry and Sigstore services are up in ${seconds} s.\n`);
    const kubectl = findKubectl({ wanted: textFlag(flags, 'kubectl'), env: io.env, cluster });
    const signer = createBuiltInSigner();
    let count = 0;
    const held = await runScenario(
      scenario,
      { cluster, kubectl, signer, programs: findPrograms(io.env) },
      (outcome) => {
        count += 1;
        io.stdout(describe(outcome, count, io.isTerminal));
      },
    );
    const verdict = held
      ? `${count} of ${scenario.steps.length} steps went as told.`
      : `Step ${count} did not go as told.`;
    io.stdout(`\n${verdict} Used ${kubectl.description} and ${signer.description}.\n`);
    return held;
  } finally {
    await cluster.stop();
    if (flags['keepLogs'] === true) io.stdout(`Logs are in ${folder}\n`);
    else await rm(folder, { recursive: true, force: true });
  }
}

const MAX_SHOWN_LINES = 14;

function describe({ step, held, surprise, skipped, result }: StepOutcome, number: number, isTerminal: boolean): string {
  const colour = (style: 'green' | 'red' | 'dim', text: string) => (isTerminal ? styleText(style, text) : text);
  const mark = held ? colour('green', '✓') : colour('red', '✗');
  const lines = [`\n${mark} ${number}. ${step.title}`];
  if (step.because) lines.push(colour('dim', `     ${step.because}`));
  if (skipped) lines.push(colour('dim', `     left out: ${skipped}`));
  if (step.shell) lines.push(colour('dim', `     $ ${step.shell.trim().replaceAll('\n', '\n       ')}`));
  if (step.kubectl)
    lines.push(
      colour('dim', `     $ kubectl ${step.kubectl.join(' ')}${step.stdinFile ? ` < ${step.stdinFile}` : ''}`),
    );
  const output = `${result?.stdout ?? ''}${result?.stderr ?? ''}`.split('\n').filter((line) => line.trim() !== '');
  for (const line of output.slice(0, MAX_SHOWN_LINES)) lines.push(`     ${line}`);
  if (output.length > MAX_SHOWN_LINES) lines.push(`     … ${output.length - MAX_SHOWN_LINES} more lines`);
  if (surprise) lines.push(colour('red', `     surprise: ${surprise}`));
  return `${lines.join('\n')}\n`;
}
