import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type PushedImage, pushImage, type RegistryFault } from '@vouchsafe/sandbox';
import { programPath } from '../cluster/program-path.ts';
import type { Cluster } from '../cluster/start-cluster.ts';
import { compareResult } from './compare-result.ts';
import { type EchoWebhook, startEchoWebhook } from './echo-webhook.ts';
import { fillIn, type Placeholders } from './fill-in.ts';
import { type CommandResult, type Kubectl, runCommand } from './kubectl.ts';
import { postReview } from './post-review.ts';
import { type RunningPrometheus, startPrometheus } from './prometheus.ts';
import { type Programs, runShell } from './run-shell.ts';
import type { Expectation, Scenario, ScenarioImage, ScenarioStep } from './scenario.ts';
import type { Signer } from './signer.ts';

export interface ScenarioTools {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  readonly signer: Signer;
  /** What command lines of users call; none unless told. */
  readonly programs?: Programs;
}

export interface StepOutcome {
  readonly step: ScenarioStep;
  readonly held: boolean;
  /** What was expected and what came, when it did not hold. */
  readonly surprise?: string;
  /** Why the step was left out; it then counts as held. */
  readonly skipped?: string;
  readonly result?: CommandResult;
}

/** A scenario being played, and what its steps have made so far. */
interface Play extends ScenarioTools {
  readonly scenario: Scenario;
  readonly images: Map<string, PushedImage>;
  readonly webhooks: Map<string, EchoWebhook>;
  readonly programs: Programs;
  prometheus: RunningPrometheus | undefined;
  readonly placeholders: Placeholders;
}

const POLL_MS = 150;
const HOUR_MS = 3_600_000;
const NO_PROGRAMS: Programs = new Map();
const NOTHING: CommandResult = { code: 0, stdout: '', stderr: '' };

/** Plays a scenario on a fresh cluster, telling each step as it ends; stops at the first surprise unless told to go on. */
export async function runScenario(
  scenario: Scenario,
  tools: ScenarioTools,
  onStep: (outcome: StepOutcome) => void,
  { goOn = false }: { readonly goOn?: boolean } = {},
): Promise<boolean> {
  let held = true;
  const play = startPlay(scenario, tools);
  try {
    for (const image of scenario.images) await makeImage(play, image);
    for (const step of scenario.steps) {
      const outcome = await runStep(play, step);
      onStep(outcome);
      held = held && outcome.held;
      if (!outcome.held && !goOn) return false;
    }
    return held;
  } finally {
    for (const webhook of play.webhooks.values()) await webhook.stop();
    await play.prometheus?.stop();
  }
}

function startPlay(scenario: Scenario, tools: ScenarioTools): Play {
  const images = new Map<string, PushedImage>();
  const webhooks = new Map<string, EchoWebhook>();
  const material = (name: string) => tools.signer.material(tools.cluster, name);
  const placeholders: Placeholders = {
    digest: async (image) => known(images, image, 'image').digest,
    key: async (name) => (await material(name)).publicKey,
    certificate: async (name) => (await material(name)).certificate,
    chain: async (name) => (await material(name)).chain,
    registry: async () => tools.cluster.registry.host,
    folder: async (file) => join(tools.cluster.folder, file),
    inHours: async (hours) => new Date(Date.now() + Number(hours) * HOUR_MS).toISOString(),
    webhook: async (name) => known(webhooks, name, 'webhook').url,
    webhookAuthority: async (name) => known(webhooks, name, 'webhook').caBundle,
  };
  const programs = tools.programs ?? NO_PROGRAMS;
  return { ...tools, programs, scenario, images, webhooks, placeholders, prometheus: undefined };
}

function known<Value>(table: ReadonlyMap<string, Value>, name: string, kind: string): Value {
  const found = table.get(name);
  if (found === undefined) throw new Error(`the scenario has no ${kind} \`${name}\``);
  return found;
}

async function makeImage(
  { cluster, signer, images }: Play,
  { image, signed, format, content }: ScenarioImage,
): Promise<void> {
  const name = nameInRegistry(image);
  const existing = content === undefined ? images.get(image) : undefined;
  const pushed = existing ?? pushImage(cluster.registry, name, { labels: { name: content ?? name } });
  images.set(image, pushed);
  const { repository, digest } = pushed;
  if (signed) await signer.sign({ cluster, repository, digest, by: signed, ...(format ? { format } : {}) });
}

/** Without the host. Docker Hub keeps images of one segment below `library`. */
function nameInRegistry(image: string): string {
  const [host = '', ...segments] = image.split('/');
  return (host === 'docker.io' && segments.length === 1 ? ['library', ...segments] : segments).join('/');
}

async function runStep(play: Play, step: ScenarioStep): Promise<StepOutcome> {
  if (step.only === 'sandbox' && play.cluster.api === undefined) return { step, held: true };
  const missing = programsOf(step).filter((name) => !play.programs.has(name));
  if (missing.length > 0) return { step, held: true, skipped: `there is no ${missing.join(', no ')} here` };
  const expected = await resolveExpectation(step.expect ?? {}, play.placeholders);
  const deadline = performance.now() + (step.within ?? 0) * 1000;
  for (;;) {
    const result = await act(play, step);
    const surprise = compareResult(result, expected);
    if (surprise === undefined) return { step, held: true, result };
    if (performance.now() >= deadline) return { step, held: false, surprise, result };
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function act(play: Play, step: ScenarioStep): Promise<CommandResult> {
  const { cluster } = play;
  if (step.fault) {
    cluster.registry.setFault(step.fault.repository, ...(step.fault.faults as readonly RegistryFault[])); // data of the scenario
    return NOTHING;
  }
  if (step.operator) {
    if (step.operator === 'start') await cluster.operator.start();
    else await cluster.operator.kill(step.operator === 'kill' ? 'SIGKILL' : 'SIGTERM');
    return NOTHING;
  }
  if (step.sign) {
    await makeImage(play, step.sign);
    return NOTHING;
  }
  if (step.webhook) {
    play.webhooks.set(step.webhook.name, await startEchoWebhook(step.webhook));
    return NOTHING;
  }
  if (step.prometheus) {
    play.prometheus = await openPrometheus(play, step.prometheus.rules);
    return NOTHING;
  }
  if (step.alerts) return readAlerts(play);
  if (step.shell !== undefined) {
    const { programs, scenario } = play;
    return runShell(await fillIn(step.shell, play.placeholders), { cluster, programs, folder: scenario.folder });
  }
  if (step.metrics) return readMetrics(cluster);
  if (step.vouchsafe) return runVouchsafe(play, step.vouchsafe);
  return step.post ? postReview(cluster, step.post) : runKubectl(play, step);
}

/** A command line calls kubectl; who tells of alerts, or is told of them, is Prometheus. */
function programsOf({ shell, prometheus, alerts, programs = [] }: ScenarioStep): readonly string[] {
  return [...(shell === undefined ? [] : ['kubectl']), ...(prometheus || alerts ? ['prometheus'] : []), ...programs];
}

function readAlerts({ prometheus }: Play): Promise<CommandResult> {
  if (!prometheus) throw new Error('the scenario has not started Prometheus');
  return prometheus.readAlerts();
}

async function openPrometheus({ cluster, scenario, programs }: Play, rules: string): Promise<RunningPrometheus> {
  return startPrometheus({
    path: programs.get('prometheus') ?? '',
    folder: join(cluster.folder, 'prometheus'),
    rules: resolve(scenario.folder, rules),
    metricsPort: cluster.operator.ready?.metricsPort ?? 0,
  });
}

async function readMetrics(cluster: Cluster): Promise<CommandResult> {
  const answer = await fetch(`http://127.0.0.1:${cluster.operator.ready?.metricsPort}/metrics`);
  return { code: answer.ok ? 0 : answer.status, stdout: await answer.text(), stderr: '' };
}

async function runVouchsafe(
  { cluster, scenario, placeholders }: Play,
  words: readonly string[],
): Promise<CommandResult> {
  const args = await Promise.all(words.map((word) => fillIn(word, placeholders)));
  return runCommand(process.execPath, ['--disable-warning=ExperimentalWarning', programPath(), ...args], {
    cwd: scenario.folder,
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig, VOUCHSAFE_HOME: cluster.folder },
  });
}

async function runKubectl({ scenario, kubectl, placeholders }: Play, step: ScenarioStep): Promise<CommandResult> {
  const text = step.stdinFile ? await readFile(join(scenario.folder, step.stdinFile), 'utf8') : step.stdin;
  const args = await Promise.all((step.kubectl ?? []).map((arg) => fillIn(arg, placeholders)));
  return kubectl.run(args, text === undefined ? undefined : await fillIn(text, placeholders), scenario.folder);
}

async function resolveExpectation(expectation: Expectation, placeholders: Placeholders): Promise<Expectation> {
  const texts = (list: readonly string[] = []) => Promise.all(list.map((text) => fillIn(text, placeholders)));
  return {
    exit: expectation.exit ?? 0,
    stdout: await texts(expectation.stdout),
    stderr: await texts(expectation.stderr),
    absent: await texts(expectation.absent),
    lines: await Promise.all((expectation.lines ?? []).map(texts)),
  };
}
