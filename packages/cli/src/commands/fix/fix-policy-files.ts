import { writeFile } from 'node:fs/promises';
import { isEqualJson } from '@vouchsafe/engine/kernel';
import { type CommandIo, EXIT, type FlagValues } from '../../flags/command.ts';
import { findFiles } from '../../inputs/find-files.ts';
import { InputProblem, reasonOf } from '../../inputs/input-problem.ts';
import { kindOf } from '../../inputs/kind-table.ts';
import { type InputDocument, readInputDocuments } from '../../inputs/read-documents.ts';
import { readSource } from '../../inputs/read-source.ts';
import { toYaml } from '../../output/yaml.ts';
import { fixPolicy } from './fix-policy.ts';

/** Goes through the files; one that holds anything but policies is left alone, for nothing in it must get lost. */
export async function fixPolicyFiles(paths: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    for (const file of findFiles(paths, io.cwd, { recursive: true })) {
      await fixFile(file, flags['save'] === true, io);
    }
    io.stdout('Done.\n');
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    io.stderr(`Error: ${error.message}\n`);
    return EXIT.violations;
  }
}

async function fixFile(file: string, saves: boolean, io: CommandIo): Promise<void> {
  const { documents, problems } = readInputDocuments(await readSource(file, io.cwd), file);
  if (problems.length > 0 || !documents.some(isPolicy)) return;
  const fixed = documents.map((document) => {
    if (!isPolicy(document)) return document.object;
    io.stdout(`Processing file (${file})...\n`);
    const result = fixPolicy(document.object);
    for (const warning of result.warnings) io.stdout(`  WARNING: ${warning}\n`);
    return result.document;
  });
  if (!saves || documents.every(({ object }, index) => isEqualJson(object, fixed[index]))) return;
  io.stdout(`  Saving file (${file})...\n`);
  try {
    await writeFile(file, fixed.map((document) => `---\n${toYaml(document, 2, 'as-given')}`).join(''));
    io.stdout('    OK\n');
  } catch (error) {
    io.stdout(`    ERROR: saving file (${file}): ${reasonOf(error)}\n`);
  }
}

function isPolicy({ object }: InputDocument): boolean {
  const { group, kind } = kindOf(object);
  return group === 'kyverno.io' && (kind === 'ClusterPolicy' || kind === 'Policy');
}
