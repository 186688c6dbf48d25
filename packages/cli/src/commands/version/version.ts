import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import { VERSION } from '../../output/version.ts';

/** The lines and members Kyverno prints. When and from what it was built is told by the environment of the build. */
export async function version(_args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const info = {
    version: VERSION,
    time: io.env['VOUCHSAFE_BUILD_TIME'] ?? '---',
    gitCommitId: io.env['VOUCHSAFE_BUILD_COMMIT'] ?? '---',
  };
  const output = textFlag(flags, 'output') ?? '';
  if (output === 'json') io.stdout(`${JSON.stringify(info, null, 2)}\n`);
  else if (output === 'yaml') io.stdout(`${(await import('../../output/yaml.ts')).toYaml(info)}\n`);
  else if (output === '') {
    io.stdout(`Version: ${info.version}\nTime: ${info.time}\nGit commit ID: ${info.gitCommitId}\n`);
  } else {
    io.stderr(`Error: invalid output format: ${output} (supported formats: json, yaml)\n`);
    return EXIT.violations;
  }
  return EXIT.ok;
}
