import { type CommandIo, type FlagValues, textFlag } from '../../flags/command.ts';
import { splitFlag, writeDocument } from './write-document.ts';

export async function createMetricsConfig(_args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const include = splitFlag(flags, 'include');
  const exclude = splitFlag(flags, 'exclude');
  const namespaces = {
    ...(include.length > 0 ? { include } : {}),
    ...(exclude.length > 0 ? { exclude } : {}),
  };
  return writeDocument(
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: textFlag(flags, 'name') ?? '', namespace: textFlag(flags, 'namespace') ?? '' },
      data: { namespaces: `${JSON.stringify(namespaces, null, 2)}\n` },
    },
    flags,
    io,
  );
}
