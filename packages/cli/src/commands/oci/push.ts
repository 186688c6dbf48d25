import { formatDiagnostic } from '@vouchsafe/engine/kernel';
import { type CommandIo, EXIT, type FlagValues } from '../../flags/command.ts';
import { findFiles } from '../../inputs/find-files.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import { kindOf } from '../../inputs/kind-table.ts';
import { type PolicyLayer, pushPolicies } from '../../inputs/policy-artifact.ts';
import { loadPolicySet } from '../../inputs/policy-set.ts';
import { readInputDocuments } from '../../inputs/read-documents.ts';
import { textAt } from '../../inputs/read-fields.ts';
import { readSource } from '../../inputs/read-source.ts';
import { toYaml } from '../../output/yaml.ts';
import { isPolicyDocument } from './policy-kinds.ts';
import { readPlace } from './read-place.ts';

/** Exit codes: 0 pushed, 1 not, 4 there is no policy. Nothing is pushed unless all policies are valid. */
export async function push(args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    const place = readPlace(flags, io);
    await checkPolicies(args, io);
    const layers = await readLayers(args, io);
    if (layers.length === 0) {
      io.stderr(`Error: there is no policy in ${args.join(', ')}\n`);
      return EXIT.nothing;
    }
    for (const { kind, name } of layers) io.stderr(`Adding ${shownKind(kind)} [${name}]\n`);
    io.stderr(`Uploading [${place.reference}]...\n`);
    const digest = await pushPolicies(layers, place);
    io.stderr('Done.\n');
    io.stdout(`${digest}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    io.stderr(`Error: ${error.message}\n`);
    return EXIT.violations;
  }
}

async function checkPolicies(paths: readonly string[], io: CommandIo): Promise<void> {
  const { invalid, problems, notes } = await loadPolicySet(paths, io.cwd);
  for (const note of notes) io.stderr(`Warning: ${note}\n`);
  const [problem] = problems;
  if (problem) throw new InputProblem(`unable to read policy file or directory: ${formatDiagnostic(problem)}`);
  const [first] = invalid;
  if (first) throw new InputProblem(`validating policy ${first.name}: ${first.reason}`);
}

async function readLayers(paths: readonly string[], io: CommandIo): Promise<readonly PolicyLayer[]> {
  const layers: PolicyLayer[] = [];
  for (const file of findFiles(paths, io.cwd, { recursive: true })) {
    for (const { object } of readInputDocuments(await readSource(file, io.cwd), file).documents) {
      if (!isPolicyDocument(object)) continue;
      layers.push({
        kind: kindOf(object).kind,
        name: textAt(object, 'metadata', 'name'),
        apiVersion: textAt(object, 'apiVersion'),
        text: toYaml(object, 2, 'as-given'),
      });
    }
  }
  return layers;
}

function shownKind(kind: string): string {
  return kind === 'ClusterPolicy' ? 'cluster policy' : kind === 'Policy' ? 'policy' : kind;
}
