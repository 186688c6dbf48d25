import { type CommandIo, type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import type { ArtifactPlace } from '../../inputs/policy-artifact.ts';

/** The flags both commands have. Throws `InputProblem`. */
export function readPlace(flags: FlagValues, { env }: CommandIo): ArtifactPlace {
  const reference = textFlag(flags, 'image');
  if (reference === undefined) throw new InputProblem('image reference is required (--image)');
  return {
    reference: reference.replace(/^oci:\/\//, ''),
    mirrors: listFlag(flags, 'registryMirror'),
    env,
    allowInsecure: flags['allowInsecureRegistry'] === true,
  };
}
