import { type CommandIo, type FlagValues, textFlag } from '../../flags/command.ts';
import { readHostSettings } from '../../flags/registry-flags.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import type { ArtifactPlace } from '../../inputs/policy-artifact.ts';

/** The flags both commands have. Throws `InputProblem`. */
export function readPlace(flags: FlagValues, { env }: CommandIo): ArtifactPlace {
  const reference = textFlag(flags, 'image');
  if (reference === undefined) throw new InputProblem('image reference is required (--image)');
  return {
    reference: reference.replace(/^oci:\/\//, ''),
    hosts: readHostSettings(flags),
    env,
    allowInsecure: flags['allowInsecureRegistry'] === true,
  };
}
