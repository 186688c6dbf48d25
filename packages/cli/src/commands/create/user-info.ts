import { type CommandIo, type FlagValues, textFlag } from '../../flags/command.ts';
import { splitFlag, writeDocument } from './write-document.ts';

export async function createUserInfo(_args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  return writeDocument(
    {
      apiVersion: 'cli.kyverno.io/v1alpha1',
      kind: 'UserInfo',
      metadata: { name: 'user-info' },
      roles: splitFlag(flags, 'role'),
      clusterRoles: splitFlag(flags, 'clusterRole'),
      userInfo: { username: textFlag(flags, 'username') ?? '', groups: splitFlag(flags, 'group') },
    },
    flags,
    io,
  );
}
