import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTool } from '../../tools/tool-paths.ts';
import type { RunOptions, Section, SectionReport } from '../section.ts';
import { runScored } from './run-scored.ts';
import type { Score } from './tell-score.ts';
import { runTypedRoundTrips } from './typed-round-trips.ts';

/** The sandbox' API server, judged by recordings of a real one and by the manifests of the corpora. */
export const SANDBOX_SECTIONS: readonly Section[] = [
  replayed('raw requests', 'run-probes.ts', 103),
  replayed('raw requests, other names', 'run-probes.ts', 103, ['--random']),
  replayed('admission', 'run-admission.ts', 64),
  replayed('admission, other names', 'run-admission.ts', 64, ['--random']),
  replayed('admission policies', 'run-policies.ts', 6),
  replayed('admission policies, other names', 'run-policies.ts', 6, ['--random']),
  { name: 'sandbox, kubectl and helm', selector: 'sandbox', size: 119, run: replayCommands },
  { name: 'sandbox, built-in manifests', selector: 'sandbox', size: 5000, run: roundTrips },
];

function replayed(name: string, program: string, size: number, flags: readonly string[] = []): Section {
  return {
    name: `sandbox, ${name}`,
    selector: 'sandbox',
    size,
    run: (options) => replay(program, flags, options),
  };
}

/** `--recordings`, else what stands beside the corpora. */
export function recordingsOf({ recordings, corpus }: RunOptions): string | undefined {
  const folder = recordings ?? (corpus === undefined ? undefined : join(corpus, '..', '..', 'kubernetes'));
  return folder !== undefined && existsSync(join(folder, 'real-probe-crd.yaml')) ? folder : undefined;
}

/** The runners are programs, so that each has a server of its own and ends with it. */
async function replay(
  program: string,
  flags: readonly string[],
  options: RunOptions,
): Promise<SectionReport | undefined> {
  const recordings = recordingsOf(options);
  if (recordings === undefined) return undefined;
  const score = await runScored(fileURLToPath(new URL(program, import.meta.url)), [
    '--recordings',
    recordings,
    ...flags,
  ]);
  const id = ['sandbox', program.replace(/^run-|\.ts$/g, ''), ...flags.map((flag) => flag.replace('--', ''))].join(':');
  return reportOf(id, score, options);
}

async function replayCommands(options: RunOptions): Promise<SectionReport | undefined> {
  const recordings = recordingsOf(options);
  const [kubectl, helm] = [findTool('kubectl'), findTool('helm')];
  if (recordings === undefined || 'missing' in kubectl || 'missing' in helm) return undefined;
  const tools = ['--kubectl', kubectl.path, '--helm', helm.path];
  const score = await runScored(fileURLToPath(new URL('run-commands.ts', import.meta.url)), [
    '--recordings',
    recordings,
    ...tools,
  ]);
  const report = reportOf('sandbox:commands', score, options);
  return { ...report, notRun: score.figures?.['withoutContainers'] ?? 0 };
}

async function roundTrips(options: RunOptions): Promise<SectionReport | undefined> {
  if (options.corpus === undefined) return undefined;
  return reportOf('sandbox:typed', runTypedRoundTrips(options.corpus), options);
}

function reportOf(id: string, { passed, failures, figures = {} }: Score, { only }: RunOptions): SectionReport {
  const cases = failures.map(({ name, message }) => ({ id: `${id}:${name}`, detail: message }));
  const shown = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  return {
    passed,
    failures: cases.filter((failure) => only === undefined || failure.id.includes(only)),
    notRun: 0,
    figures: shown.length > 0 ? [shown.join(', ')] : [],
  };
}
