import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { evaluateResource, type PolicyResponse } from '../../evaluation/evaluate-resource.ts';
import type { Finding } from '../../evaluation/finding.ts';
import { type CommandIo, EXIT, type FlagValues } from '../../flags/command.ts';
import { standsForKyverno } from '../../flags/program-name.ts';
import { detach } from '../../inputs/detach.ts';
import { InputProblem, reasonOf } from '../../inputs/input-problem.ts';
import { toWorkflowCommands } from '../../output/findings/github.ts';
import { toJunit } from '../../output/findings/junit.ts';
import { toSarif } from '../../output/findings/sarif.ts';
import { createProgress } from '../../output/progress.ts';
import { createPalette, wantsColour } from '../../output/table.ts';
import { VERSION } from '../../output/version.ts';
import { type ApplySettings, type FindingFormat, readSettings } from './apply-settings.ts';
import { renderApplyTable } from './apply-table.ts';
import { renderExceptions } from './generated-exceptions.ts';
import { openMutatedOutput } from './mutated-output.ts';
import { renderReports } from './policy-reports.ts';
import { type ApplyWork, prepareWork } from './prepare-work.ts';
import { renderResponse } from './response-text.ts';
import { ResultCounts } from './result-counts.ts';

/** Exit codes: 0, 1 for failures and errors, that of `--warn-exit-code`, 4 when there was nothing to evaluate. */
export async function apply(policies: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const cleanups: (() => Promise<void>)[] = [];
  try {
    const settings = readSettings(policies, flags);
    const started = process.uptime();
    const work = await prepareWork(settings, io, cleanups);
    const code = await run(work, settings, flags['removeColor'] === true, io);
    if (settings.showPerformance) io.stderr(`took ${(process.uptime() - started).toFixed(2)} s\n`);
    return code;
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    io.stderr(`Error: ${error.message}\n`);
    return EXIT.violations;
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
}

async function run(work: ApplyWork, settings: ApplySettings, removeColour: boolean, io: CommandIo): Promise<number> {
  const { view, pipe } = settings;
  const told = view === 'text' || view === 'table';
  const say = told && !pipe ? io.stdout : () => undefined;
  for (const note of work.notes) io.stderr(`Warning: ${note}\n`);
  const { resourceCount } = work;
  if (resourceCount !== undefined) say(headline(work, resourceCount));
  const outcome = await evaluateAll(work, settings, io);
  if (resourceCount === undefined) say(headline(work, outcome.evaluated));
  if (told && !pipe) io.stdout(renderSkipped(work));
  else io.stderr(renderSkipped(work));
  print(outcome, settings, removeColour, work.now, io);
  for (const { format, file } of settings.formats) {
    if (file !== undefined) writeFormat(resolve(io.cwd, file), renderFormat(format, outcome.findings));
  }
  return conclude(work, outcome, settings, io);
}

function writeFormat(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new InputProblem(`failed to create file/folder (${reasonOf(error)})`);
  }
}

function headline({ ruleCount, exceptionCount }: ApplyWork, resourceCount: number): string {
  const exceptions = exceptionCount > 0 ? ` with ${exceptionCount} exception(s)` : '';
  return `\nApplying ${ruleCount} policy rule(s) to ${resourceCount} resource(s)${exceptions}...\n`;
}

interface Outcome {
  readonly counts: ResultCounts;
  /** The plain output, in the order of the resources. */
  readonly text: string;
  /** Empty unless the view or a format needs them. */
  readonly findings: readonly Finding[];
  readonly evaluated: number;
}

/** Resource by resource; of each only what is printed later is kept. */
async function evaluateAll(work: ApplyWork, settings: ApplySettings, io: CommandIo): Promise<Outcome> {
  const { auditWarn, formats, view } = settings;
  const keeps = view !== 'text' || formats.length > 0;
  // Formats for programs are alone on standard output.
  const isTold = view === 'text' || view === 'table';
  const progress = createProgress({ write: io.stderr, isTerminal: io.isErrorTerminal === true, what: 'resources' });
  const print = (text: string): void => {
    progress.clear();
    if (isTold) io.stdout(text);
  };
  const output = openMutatedOutput({ path: settings.mutatedPath, folder: io.cwd, pipe: settings.pipe, print });
  const counts = new ResultCounts();
  counts.add('error', work.skipped.length);
  const texts: string[] = [];
  const findings: Finding[] = [];
  let evaluated = 0;
  try {
    for await (const resource of work.resources()) {
      const responses = await evaluateResource(resource, work.surroundings, '');
      // A payload that no policy is about was not judged: policies about resources say nothing of it.
      if (resource.payload === undefined || responses.length > 0) evaluated += 1;
      progress.tell(evaluated);
      for (const response of responses) {
        const found = work.findings(response, resource);
        for (const { status } of found) counts.add(status);
        if (keeps) findings.push(...found);
        const text = view === 'text' ? renderResponse(response, found, auditWarn) : '';
        if (text !== '') texts.push(detach(text));
        if (isWritten(response)) output.write(response, resource.name);
      }
    }
  } finally {
    progress.clear();
  }
  return { counts, text: texts.join(''), findings, evaluated };
}

/** Objects are written also where no rule changed them; only what policies in CEL are not about is left out, as upstream. */
function isWritten({ phase, policy, results }: PolicyResponse): boolean {
  if (phase !== 'mutate' && phase !== 'generate') return false;
  return policy.family !== 'cel' || results.length > 0;
}

const DIVIDER = `${'-'.repeat(70)}\n`;

function renderSkipped({ skipped }: ApplyWork): string {
  if (skipped.length === 0) return '';
  const lines = skipped.map(({ name, reason }, index) => `${index + 1}. ${name}: ${reason}\n`);
  return `${DIVIDER}Policies Skipped:\n${lines.join('')}${DIVIDER}`;
}

function print(outcome: Outcome, settings: ApplySettings, removeColour: boolean, now: number, io: CommandIo): void {
  const { findings, counts, text } = outcome;
  switch (settings.view) {
    case 'report':
      io.stdout(renderReports(findings, settings.reportFormat, now));
      return;
    case 'exceptions':
      io.stdout(renderExceptions(findings, settings.exceptionTtl, settings.reportFormat));
      return;
    case 'format':
      for (const { format, file } of settings.formats) {
        if (file === undefined) io.stdout(renderFormat(format, findings));
      }
      return;
    case 'table': {
      const palette = createPalette(wantsColour(removeColour, io.isTerminal, io.env));
      io.stdout(renderApplyTable(findings, settings.detailed, palette));
      return;
    }
    case 'text':
      (settings.pipe ? io.stderr : io.stdout)(`${text}\n${counts.toLine()}\n`);
  }
}

function renderFormat(format: FindingFormat, findings: readonly Finding[]): string {
  switch (format) {
    case 'sarif':
      return toSarif(findings, { name: 'vouchsafe', version: VERSION });
    case 'github':
      return toWorkflowCommands(findings);
    case 'junit':
      return toJunit(findings);
  }
}

function conclude(work: ApplyWork, { counts, evaluated }: Outcome, settings: ApplySettings, io: CommandIo): number {
  if (counts.fail > 0 || counts.error > 0) return EXIT.violations;
  const say = settings.view === 'text' && !settings.pipe ? io.stdout : io.stderr;
  if (counts.warn > 0 && settings.warnExitCode !== 0) {
    say(`exit as warnExitCode is ${settings.warnExitCode}`);
    return settings.warnExitCode;
  }
  if (counts.pass === 0 && settings.warnNoPass) {
    say('exit as no objects satisfied policy\n');
    return settings.warnExitCode;
  }
  if (work.policyCount > 0 && evaluated > 0) return EXIT.ok;
  // Upstream says nothing of it: a mistyped path is then a green build for ever.
  io.stderr(`Warning: nothing was evaluated: ${work.policyCount} policies, ${evaluated} resources\n`);
  return settings.allowEmpty || standsForKyverno(io.programName) ? EXIT.ok : EXIT.nothing;
}
