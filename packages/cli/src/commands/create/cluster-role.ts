import { type CommandIo, type FlagValues, textFlag } from '../../flags/command.ts';
import { refuse, splitFlag, writeDocument } from './write-document.ts';

const ALL_VERBS = ['create', 'get', 'update', 'delete', 'list', 'watch'];

export async function createClusterRole(
  [name = '']: readonly string[],
  flags: FlagValues,
  io: CommandIo,
): Promise<number> {
  const group = textFlag(flags, 'apiGroups');
  const resources = splitFlag(flags, 'resources');
  const verbs = splitFlag(flags, 'verbs');
  const given = splitFlag(flags, 'controllers');
  const controllers = given.length > 0 ? given : ['background-controller'];
  if (group === undefined) return refuse('required flag(s) "api-groups" not set', io);
  if (resources.length === 0) return refuse('required flag(s) "resources" not set', io);
  if (verbs.length === 0) return refuse('required flag(s) "verbs" not set', io);
  const labels = controllers.map((controller) => [`rbac.kyverno.io/aggregate-to-${controller}`, 'true']);
  return writeDocument(
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: `kyverno-${name}-permission`, labels: Object.fromEntries(labels) },
      rules: [{ apiGroups: [group], resources, verbs: verbs[0] === 'all' ? ALL_VERBS : verbs }],
    },
    flags,
    io,
  );
}
