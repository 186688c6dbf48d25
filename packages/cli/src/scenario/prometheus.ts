import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../cluster/free-port.ts';
import type { CommandResult } from './kubectl.ts';

/** A Prometheus that is up. */
export interface RunningPrometheus {
  /** A line for each rule and for each alert. */
  readAlerts(): Promise<CommandResult>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  readonly path: string;
  /** Its configuration, data and log go here. */
  readonly folder: string;
  /** Absolute path of a file of rules. */
  readonly rules: string;
  readonly metricsPort: number;
}

const READY_MS = 20_000;
const POLL_MS = 100;

/** Starts the real Prometheus; rejects with the end of its log when it does not take the rules. */
export async function startPrometheus(options: PrometheusOptions): Promise<RunningPrometheus> {
  const { path, folder, rules, metricsPort } = options;
  await mkdir(folder, { recursive: true });
  const configuration = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: [{ job_name: 'kyverno', static_configs: [{ targets: [`127.0.0.1:${metricsPort}`] }] }],
  };
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, JSON.stringify(configuration)); // JSON is YAML
  const port = await freePort();
  const child = spawn(
    path,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = `${log}${text}`.slice(-4_000);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      log += error.message;
      resolve();
    });
  });
  const base = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + READY_MS;
  while (!(await isReady(base))) {
    const isGone = child.exitCode !== null || child.pid === undefined;
    if (isGone || performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`Prometheus did not start: ${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return {
    readAlerts: async () => ({ code: 0, stdout: describeRules(await readJson(`${base}/api/v1/rules`)), stderr: '' }),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

interface RulesAnswer {
  readonly data: { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
}

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly state?: string;
  readonly lastError?: string;
  readonly alerts?: readonly {
    readonly state: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

function describeRules({ data }: RulesAnswer): string {
  const lines = data.groups.flatMap(({ rules }) =>
    rules.flatMap(({ name, health, state = 'recording', lastError = '', alerts = [] }) => [
      `rule ${name} health=${health} state=${state} ${lastError}`.trimEnd(),
      ...alerts.map((alert) => {
        const labels = Object.entries(alert.labels).map(([label, value]) => `${label}=${value}`);
        return `alert ${name} ${alert.state} ${labels.sort().join(' ')} ${alert.annotations['description'] ?? ''}`;
      }),
    ]),
  );
  return `${lines.join('\n')}\n`;
}

async function isReady(base: string): Promise<boolean> {
  return fetch(`${base}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function readJson(url: string): Promise<RulesAnswer> {
  return (await (await fetch(url)).json()) as RulesAnswer; // of Prometheus
}
