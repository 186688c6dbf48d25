import { writeFile } from 'node:fs/promises';
import { formatDiagnostic, isEqualJson } from '@vouchsafe/engine/kernel';
import { type CommandIo, EXIT, type FlagValues } from '../../flags/command.ts';
import { findFiles } from '../../inputs/find-files.ts';
import { InputProblem, reasonOf } from '../../inputs/input-problem.ts';
import { kindOf } from '../../inputs/kind-table.ts';
import { shownPath } from '../../inputs/policy-set.ts';
import { type InputDocument, readInputDocuments } from '../../inputs/read-documents.ts';
import { readSource } from '../../inputs/read-source.ts';
import { toYaml } from '../../output/yaml.ts';
import { fixPolicy } from './fix-policy.ts';

/** Goes through the files; one that holds anything but policies is left alone, for nothing in it must get lost. */
export async function fixPolicyFiles(paths: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    let isWhole = true;
    for (const file of findFiles(paths, io.cwd, { recursive: true })) {
      isWhole = (await fixFile(file, flags['save'] === true, io)) && isWhole;
    }
    io.stdout('Done.\n');
    return isWhole ? EXIT.ok : EXIT.violations;
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    io.stderr(`Error: ${error.message}\n`);
    return EXIT.violations;
  }
}

/** `false` for a file that cannot be read or written. */
async function fixFile(file: string, saves: boolean, io: CommandIo): Promise<boolean> {
  const { documents, problems } = readInputDocuments(await readSource(file, io.cwd), shownPath(file, io.cwd));
  const [problem] = problems;
  if (problem) {
    io.stdout(`  ERROR: loading file (${file}): ${formatDiagnostic(problem)}\n`);
    return false;
  }
  if (!documents.some(isPolicy)) return true;
  const fixed = documents.map((document) => {
    if (!isPolicy(document)) return document.object;
    io.stdout(`Processing file (${file})...\n`);
    const result = fixPolicy(document.object);
    for (const warning of result.warnings) io.stdout(`  WARNING: ${warning}\n`);
    return result.document;
  });
  if (!saves || documents.every(({ object }, index) => isEqualJson(object, fixed[index]))) return true;
  io.stdout(`  Saving file (${file})...\n`);
  try {
    await writeFile(file, fixed.map((document) => `---\n${toYaml(document, 2, 'as-given')}`).join(''));
    io.stdout('    OK\n');
    return true;
  } catch (error) {
    io.stdout(`    ERROR: saving file (${file}): ${reasonOf(error)}\n`);
    return false;
  }
}

function isPolicy({ object }: InputDocument): boolean {
  const { group, kind } = kindOf(object);
  return group === 'kyverno.io' && (kind === 'ClusterPolicy' || kind === 'Policy');
}
