import { lstat, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { formatDiagnostic, type JsonObject } from '@vouchsafe/engine/kernel';
import { type CommandIo, EXIT, type FlagValues } from '../../flags/command.ts';
import { InputProblem, reasonOf } from '../../inputs/input-problem.ts';
import { kindOf } from '../../inputs/kind-table.ts';
import { pullPolicies } from '../../inputs/policy-artifact.ts';
import { readInputDocuments } from '../../inputs/read-documents.ts';
import { textAt } from '../../inputs/read-fields.ts';
import { toYaml } from '../../output/yaml.ts';
import { isPolicyDocument } from './policy-kinds.ts';
import { readPlace } from './read-place.ts';

/** Exit codes: 0 all written, 1 not, 4 the artifact holds no policy. */
export async function pull(args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    const place = readPlace(flags, io);
    const [given = '.'] = args;
    const folder = await openFolder(resolve(io.cwd, given), given);
    io.stderr(`Downloading policies from an image [${place.reference}]...\n`);
    const files = toFiles(readPolicies(await pullPolicies(place), place.reference));
    for (const [name, text] of files) {
      const path = join(folder, name);
      io.stderr(`Saving policy into disk [${path}]...\n`);
      await writeFile(path, text, { mode: 0o600 });
    }
    if (files.size === 0) {
      io.stderr(`Error: ${place.reference} holds no policy\n`);
      return EXIT.nothing;
    }
    io.stderr('Done.\n');
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    io.stderr(`Error: ${error.message}\n`);
    return EXIT.violations;
  }
}

async function openFolder(folder: string, given: string): Promise<string> {
  const found = await lstat(folder).catch(() => undefined);
  if (found !== undefined && !found.isDirectory()) throw new InputProblem(`dir '${given}' must be a directory`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o750 });
  } catch (error) {
    throw new InputProblem(`unable to create directory ${given}: ${reasonOf(error)}`);
  }
  return folder;
}

function readPolicies(texts: readonly string[], origin: string): readonly JsonObject[] {
  return texts.flatMap((text) => {
    const { documents, problems } = readInputDocuments(text, origin);
    const [problem] = problems;
    if (problem) throw new InputProblem(`unmarshaling layer blob: ${formatDiagnostic(problem)}`);
    return documents.map(({ object }) => object).filter(isPolicyDocument);
  });
}

const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * Texts by file name. The names come from whoever wrote the artifact: only names an API server would take are used, so that
 * none leaves the folder; a policy and another kind of the same name do not overwrite each other.
 */
function toFiles(policies: readonly JsonObject[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const policy of policies) {
    const name = textAt(policy, 'metadata', 'name');
    if (!NAME.test(name) || name.includes('..')) {
      throw new InputProblem(`\`${name}\` is no name of a policy: nothing was written`);
    }
    const taken = files.has(`${name}.yaml`);
    const file = taken ? `${name}-${kindOf(policy).kind.toLowerCase()}.yaml` : `${name}.yaml`;
    if (files.has(file)) throw new InputProblem(`the artifact holds several policies \`${name}\`: nothing was written`);
    files.set(file, toYaml(policy, 2, 'as-given'));
  }
  return files;
}
