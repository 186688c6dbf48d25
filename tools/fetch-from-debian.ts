import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FetchPlan, programsOf } from './fetch-plan.ts';
import { lastLine, run } from './fetch-run.ts';
import type { ToolName, ToolRecord } from './tool-paths.ts';

type DebianPackage = FetchPlan['debian'][number];

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The Debian mirror that this machine is set up with, or why there is none. Nothing of it is kept. */
export async function findDebianMirror(): Promise<{ mirror: string } | { missing: string }> {
  const release = existsSync('/etc/os-release') ? await readFile('/etc/os-release', 'utf8') : '';
  if (!/^ID=debian$/m.test(release))
    return { missing: 'needs a Debian machine: the program comes as a Debian package' };
  if (!existsSync(KEYRING)) return { missing: `needs the package debian-archive-keyring (\`${KEYRING}\`)` };
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1] ?? '';
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const targets = await run('apt-get', ['indextargets', '--format', format]);
  if (!targets.isSuccess) return { missing: `apt-get does not run: ${lastLine(targets.stderr)}` };
  const mirror = mirrorFrom(targets.stdout, codename);
  return mirror === undefined ? { missing: 'apt has no Debian mirror in its configuration' } : { mirror };
}

/** The repository of the machine's own release among lines `URI release component`. */
export function mirrorFrom(indexTargets: string, codename: string): string | undefined {
  return indexTargets
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, release, component]) => release === codename && component === 'main')?.[0];
}

/**
 * Downloads packages of one suite by an apt state of its own in the scratch folder `work` (the machine's is untouched),
 * checked by Debian's signatures, and unpacks them under `target`. Debian moves: another version than the pinned one is
 * taken, with a warning.
 */
export async function fetchFromDebian(
  suite: string,
  packages: readonly DebianPackage[],
  mirror: string,
  work: string,
  target: string,
  warn: (message: string) => void,
): Promise<[ToolName, ToolRecord][]> {
  const failAll = (missing: string): [ToolName, ToolRecord][] =>
    packages.flatMap((entry) => programsOf(entry).map(([name]): [ToolName, ToolRecord] => [name, { missing }]));

  const options = await createAptState(suite, mirror, work);
  const updated = await run('apt-get', [...options, 'update']);
  if (!updated.isSuccess) return failAll(`cannot read Debian ${suite}: ${lastLine(updated.stderr)}`);
  const records = await Promise.all(packages.map((entry) => fetchPackage(entry, options, work, target, warn)));
  return records.flat();
}

async function createAptState(suite: string, mirror: string, work: string): Promise<string[]> {
  await mkdir(join(work, 'lists', 'partial'), { recursive: true });
  await mkdir(join(work, 'cache', 'archives', 'partial'), { recursive: true });
  const sources = join(work, 'sources.list');
  await writeFile(sources, `deb [arch=amd64 signed-by=${KEYRING}] ${mirror} ${suite} main\n`);
  const status = join(work, 'status');
  await writeFile(status, '');
  const settings: Record<string, string> = {
    'Dir::State': work,
    'Dir::State::lists': join(work, 'lists'),
    // As if nothing were installed: what the machine has must not change what is a candidate.
    'Dir::State::status': status,
    'Dir::Cache': join(work, 'cache'),
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Sandbox::User': 'root',
    'APT::Architecture': 'amd64',
    'Acquire::Languages': 'none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled': 'false',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '20',
  };
  return ['-q', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

async function fetchPackage(
  entry: DebianPackage,
  options: readonly string[],
  work: string,
  target: string,
  warn: (message: string) => void,
): Promise<[ToolName, ToolRecord][]> {
  const failAll = (missing: string): [ToolName, ToolRecord][] => programsOf(entry).map(([name]) => [name, { missing }]);
  const label = `${entry.package} of Debian ${entry.suite}`;
  const downloads = join(work, `download-${entry.package}`);
  await mkdir(downloads, { recursive: true });
  const downloaded = await run('apt-get', [...options, 'download', entry.package], { cwd: downloads });
  const file = (await readdir(downloads)).find((name) => name.endsWith('.deb'));
  if (!downloaded.isSuccess || file === undefined)
    return failAll(`cannot download ${label}: ${lastLine(downloaded.stderr)}`);

  const path = join(downloads, file);
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  const version = (await run('dpkg-deb', ['--field', path, 'Version'])).stdout.trim();
  if (sha256 !== entry.sha256) {
    const pinned = entry.version === version ? 'the same version with another digest' : `not ${entry.version}`;
    warn(
      `${label} is ${version} (SHA-256 ${sha256}), ${pinned}: Debian has moved; tools/tools.json may be brought up to date`,
    );
  }
  const folder = join(target, `${entry.package}-${entry.suite}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const unpacked = await run('dpkg-deb', ['--extract', path, folder]);
  if (!unpacked.isSuccess) return failAll(`cannot unpack ${label}: ${lastLine(unpacked.stderr)}`);
  return programsOf(entry).map(([name, program]) => [
    name,
    {
      path: join(folder, program.path),
      version,
      sha256,
      pinned: entry.sha256,
      source: `${entry.package}_${version} (${entry.suite})`,
    },
  ]);
}
