import { readFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { type PushedImage, pushImage, type RegistryFault } from '@vouchsafe/sandbox';
import type { Cluster } from '../cluster/start-cluster.ts';
import type { CommandResult, Kubectl } from './kubectl.ts';
import type { Expectation, Scenario, ScenarioImage, ScenarioStep } from './scenario.ts';
import type { Signer } from './signer.ts';

export interface ScenarioTools {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  readonly signer: Signer;
}

export interface StepOutcome {
  readonly step: ScenarioStep;
  readonly held: boolean;
  /** What was expected and what came, when it did not hold. */
  readonly surprise?: string;
  readonly result?: CommandResult;
}

const POLL_MS = 150;

/** Plays a scenario on a fresh cluster, telling each step as it ends; stops at the first surprise. */
export async function runScenario(
  scenario: Scenario,
  tools: ScenarioTools,
  onStep: (outcome: StepOutcome) => void,
): Promise<boolean> {
  const images = new Map<string, PushedImage>();
  for (const image of scenario.images) await makeImage(image, tools, images);
  for (const step of scenario.steps) {
    const outcome = await runStep(scenario, step, tools, images);
    onStep(outcome);
    if (!outcome.held) return false;
  }
  return true;
}

async function makeImage(
  { image, signed }: ScenarioImage,
  tools: ScenarioTools,
  images: Map<string, PushedImage>,
): Promise<void> {
  const name = withoutHost(image);
  const pushed = images.get(image) ?? pushImage(tools.cluster.registry, name, { labels: { name } });
  images.set(image, pushed);
  if (signed)
    await tools.signer.sign({
      cluster: tools.cluster,
      repository: pushed.repository,
      digest: pushed.digest,
      by: signed,
    });
}

function withoutHost(image: string): string {
  return image.slice(image.indexOf('/') + 1);
}

async function runStep(
  scenario: Scenario,
  step: ScenarioStep,
  tools: ScenarioTools,
  images: Map<string, PushedImage>,
): Promise<StepOutcome> {
  const { cluster } = tools;
  if (step.fault) {
    cluster.registry.setFault(step.fault.repository, ...(step.fault.faults as readonly RegistryFault[])); // data of the scenario
    return { step, held: true };
  }
  if (step.operator) {
    if (step.operator === 'start') await cluster.operator.start();
    else await cluster.operator.kill(step.operator === 'kill' ? 'SIGKILL' : 'SIGTERM');
    return { step, held: true };
  }
  if (step.sign) {
    await makeImage(step.sign, tools, images);
    return { step, held: true };
  }
  const expected = resolveExpectation(step.expect ?? {}, images);
  const deadline = performance.now() + (step.within ?? 0) * 1000;
  for (;;) {
    const result = step.post ? await post(cluster, step.post) : await runKubectl(scenario, step, tools, images);
    const surprise = compare(result, expected);
    if (surprise === undefined) return { step, held: true, result };
    if (performance.now() >= deadline) return { step, held: false, surprise, result };
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function runKubectl(
  scenario: Scenario,
  step: ScenarioStep,
  { kubectl }: ScenarioTools,
  images: ReadonlyMap<string, PushedImage>,
): Promise<CommandResult> {
  const text = step.stdinFile ? await readFile(join(scenario.folder, step.stdinFile), 'utf8') : step.stdin;
  const args = (step.kubectl ?? []).map((arg) => substitute(arg, images));
  return kubectl.run(args, text === undefined ? undefined : substitute(text, images));
}

/** `${digest:ghcr.io/a/b:v1}` stands for the digest of an image of the scenario. */
function substitute(text: string, images: ReadonlyMap<string, PushedImage>): string {
  return text.replace(/\$\{digest:([^}]+)\}/g, (_, image: string) => {
    const pushed = images.get(image);
    if (!pushed) throw new Error(`the scenario has no image \`${image}\``);
    return pushed.digest;
  });
}

function resolveExpectation(expectation: Expectation, images: ReadonlyMap<string, PushedImage>): Expectation {
  const texts = (list: readonly string[] = []) => list.map((text) => substitute(text, images));
  return {
    exit: expectation.exit ?? 0,
    stdout: texts(expectation.stdout),
    stderr: texts(expectation.stderr),
    absent: texts(expectation.absent),
  };
}

function compare(
  { code, stdout, stderr }: CommandResult,
  { exit, stdout: out = [], stderr: err = [], absent = [] }: Expectation,
): string | undefined {
  const problems: string[] = [];
  if (exit === 'fails' ? code === 0 : code !== exit) problems.push(`it ended with ${code}, not ${exit}`);
  for (const text of out) if (!stdout.includes(text)) problems.push(`standard output lacks \`${text}\``);
  for (const text of err) if (!stderr.includes(text)) problems.push(`standard error lacks \`${text}\``);
  for (const text of absent) if (stdout.includes(text) || stderr.includes(text)) problems.push(`it says \`${text}\``);
  return problems.length === 0 ? undefined : problems.join('; ');
}

/** Speaks to the webhook server directly, as an attacker in the cluster could. The status is the exit code: 0 for 200. */
function post(
  cluster: Cluster,
  { path, body, bytes, contentType = 'application/json' }: NonNullable<ScenarioStep['post']>,
): Promise<CommandResult> {
  const payload = bytes === undefined ? (body ?? '') : 'x'.repeat(bytes);
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port: cluster.operator.ready?.webhookPort,
        path,
        method: 'POST',
        rejectUnauthorized: false,
        headers: { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ code: response.statusCode === 200 ? 0 : (response.statusCode ?? 1), stdout: text, stderr: '' }),
        );
      },
    );
    // a server that refuses a body may close before all of it was sent; its answer is what counts
    request.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EPIPE' || error.code === 'ECONNRESET'
        ? resolve({ code: 413, stdout: '', stderr: error.code })
        : reject(error),
    );
    request.end(payload);
  });
}
