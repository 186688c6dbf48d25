import { readdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { formatDiagnostic, isEqualJson, type JsonObject } from '@vouchsafe/engine/kernel';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import { InputProblem, reasonOf } from '../../inputs/input-problem.ts';
import { readInputDocuments } from '../../inputs/read-documents.ts';
import { textAt } from '../../inputs/read-fields.ts';
import { readSource } from '../../inputs/read-source.ts';
import { problemsOf } from '../../inputs/test-manifest.ts';
import { toYaml } from '../../output/yaml.ts';
import { fixTest } from './fix-test.ts';

/** Goes through the manifests and the values and user info files they name. */
export async function fixTestFiles(paths: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const fileName = textFlag(flags, 'fileName') ?? '';
  try {
    let isWhole = true;
    for (const path of paths) {
      for (const file of await findManifests(resolve(io.cwd, path), fileName)) {
        isWhole = (await fixManifest(file, flags, io)) && isWhole;
      }
    }
    io.stdout('Done.\n');
    return isWhole ? EXIT.ok : EXIT.violations;
  } catch (error) {
    io.stderr(`Error: ${reasonOf(error)}\n`);
    return EXIT.violations;
  }
}

async function findManifests(path: string, fileName: string): Promise<readonly string[]> {
  if ((await stat(path)).isFile()) return [path];
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name === fileName)
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** `false` for a manifest that cannot be read, or that `test` would refuse as it is now. */
async function fixManifest(file: string, flags: FlagValues, io: CommandIo): Promise<boolean> {
  io.stdout(`Processing test file (${file})...\n`);
  const { documents, problems } = readInputDocuments(await readSource(file, io.cwd), file);
  const [problem] = problems;
  if (problem) {
    io.stdout(`  ERROR: loading test file (${file}): ${formatDiagnostic(problem)}\n`);
    return false;
  }
  const fixed = documents.map(({ object }) => {
    const result = fixTest(object, basename(file), flags['compress'] === true);
    for (const warning of result.warnings) io.stdout(`  WARNING: ${warning}\n`);
    return result.document;
  });
  for (const { object } of documents) await fixNamedFiles(object, dirname(file), flags, io);
  const left = fixed.flatMap(problemsOf);
  for (const problem of left) io.stdout(`  ERROR: ${problem}\n`);
  io.stdout('\n');
  const isChanged = !documents.every(({ object }, index) => isEqualJson(object, fixed[index]));
  if (flags['save'] === true && (flags['force'] === true || isChanged)) await save(file, 'test file', fixed, io);
  return left.length === 0;
}

/** The values and user info files of a manifest get their apiVersion and kind. */
async function fixNamedFiles(manifest: JsonObject, folder: string, flags: FlagValues, io: CommandIo): Promise<void> {
  const named = [
    { field: 'userinfo', kind: 'UserInfo', title: 'user info file' },
    { field: 'variables', kind: 'Values', title: 'values file' },
  ];
  for (const { field, kind, title } of named) {
    const name = textAt(manifest, field);
    if (name === '') continue;
    io.stdout(`  Processing ${title} (${name})...\n`);
    try {
      const path = join(folder, name);
      const [document] = readInputDocuments(await readSource(path, folder), name).documents;
      const object = document?.object ?? {};
      if (textAt(object, 'apiVersion') === '') {
        io.stdout('  WARNING: api version is not set, setting `cli.kyverno.io/v1alpha1`\n');
      }
      if (textAt(object, 'kind') === '') io.stdout(`  WARNING: kind is not set, setting \`${kind}\`\n`);
      const fixed = { apiVersion: 'cli.kyverno.io/v1alpha1', kind, ...object };
      const isChanged = !isEqualJson(object, fixed);
      if (flags['save'] === true && (flags['force'] === true || isChanged)) await save(path, title, [fixed], io);
    } catch (error) {
      if (!(error instanceof InputProblem)) throw error;
      io.stdout(`    ERROR: failed to load ${title}: ${error.message}\n`);
    }
  }
}

async function save(path: string, title: string, documents: readonly object[], io: CommandIo): Promise<void> {
  io.stdout(`  Saving ${title} (${path})...\n`);
  await writeFile(path, documents.map((document) => toYaml(document, 2, 'as-given')).join('---\n'));
  io.stdout('    OK\n');
}
