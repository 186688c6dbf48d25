import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Document } from 'yaml';
import { clusterFolder, readClusterState } from '../../cluster/cluster-state.ts';
import { askControl } from '../../cluster/control.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import type { Recording } from '../../scenario/record-exchanges.ts';

/** Records until interrupted, then writes `scenario.yaml`. Exit code 4 when nothing was typed that a step can be made of. */
export async function record([wanted = '']: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const home = clusterFolder(textFlag(flags, 'home'), io.env, io.cwd);
  const folder = resolve(io.cwd, wanted);
  const file = join(folder, 'scenario.yaml');
  const state = await readClusterState(home);
  if (!state || existsSync(file)) {
    io.stderr(
      state
        ? `vouchsafe: there is a scenario in ${folder} already\n`
        : `vouchsafe: no sandbox runs in ${home}; start one with \`vouchsafe sandbox up\`\n`,
    );
    return EXIT.usage;
  }
  await askControl(state.controlSocket, { ask: 'record', action: 'start' });
  io.stderr('recording what kubectl does to the sandbox; end it with Ctrl-C\n');
  await interrupted(home);
  const recording = (await askControl(state.controlSocket, { ask: 'record', action: 'stop' })) as Recording; // serve's answer
  for (const note of recording.notes) io.stderr(`note: ${note}\n`);
  if (recording.steps.length === 0) {
    io.stderr('vouchsafe: nothing was recorded: kubectl asked for nothing that can be given again\n');
    return EXIT.nothing;
  }
  await mkdir(folder, { recursive: true });
  await writeFile(file, renderScenario(textFlag(flags, 'title') ?? basename(folder), recording));
  io.stdout(`${recording.steps.length} steps are in ${file}; play them with: vouchsafe demo ${folder}\n`);
  return EXIT.ok;
}

const POLL_MS = 1_000;

/** Resolves on Ctrl-C, and when the sandbox is no more. The timer keeps the process alive: a signal handler does not. */
function interrupted(home: string): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      clearInterval(timer);
      process.off('SIGINT', end);
      process.off('SIGTERM', end);
      done();
    };
    const timer = setInterval(async () => {
      if (!(await readClusterState(home))) end();
    }, POLL_MS);
    process.on('SIGINT', end);
    process.on('SIGTERM', end);
  });
}

function renderScenario(title: string, { steps, images, notes }: Recording): string {
  const written = steps.map((step) => ({ ...step, kubectl: asLine(step.kubectl) }));
  const document = new Document({ title, ...(images.length > 0 ? { images } : {}), steps: written });
  const remarks = [
    ...(images.length > 0 ? ['Images are recorded unsigned: say with `signed:` who signs them.'] : []),
    ...notes,
  ];
  if (remarks.length > 0) document.commentBefore = remarks.map((remark) => ` ${remark}`).join('\n');
  return document.toString({ lineWidth: 120 });
}

/** A line where no word needs quotes, as people write it. */
function asLine(words: readonly string[]): string | readonly string[] {
  return words.every((word) => /^[^\s'"]+$/.test(word)) ? words.join(' ') : words;
}
