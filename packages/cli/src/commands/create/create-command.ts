import type { Command, FlagSpec } from '../../flags/command.ts';
import { COMPATIBLE_FLAGS } from '../../flags/compatible-flags.ts';

const OUTPUT: FlagSpec = { flags: '-o, --output <file>', summary: 'file to write; standard output when absent' };

const exceptionCommand: Command = {
  name: 'exception',
  summary: 'a PolicyException',
  arguments: [{ name: 'name', summary: 'name of the exception' }],
  flags: [
    OUTPUT,
    { flags: '--namespace <name>', summary: 'namespace of the exception' },
    { flags: '-b, --background [bool]', summary: 'whether background scans heed it', default: true },
    { flags: '--policy-rules <policy,rules>', summary: 'policy, then rules: `policy,rule-1,rule-2`', repeatable: true },
    { flags: '--any <filter>', summary: '`kind=Pod,name=x,namespace=y,operation=CREATE`', repeatable: true },
    { flags: '--all <filter>', summary: 'the same; all of them must match', repeatable: true },
    ...COMPATIBLE_FLAGS,
  ],
  examples: [
    {
      line: 'vouchsafe create exception my-exception --policy-rules "policy,rule-1" --any "kind=Pod,name=nginx"',
      summary: 'one pod is let off one rule',
    },
  ],
  run: async () => (await import('./exception.ts')).createException,
};

const metricsConfigCommand: Command = {
  name: 'metrics-config',
  summary: 'the ConfigMap of metrics',
  flags: [
    OUTPUT,
    { flags: '-n, --name <name>', summary: 'name of the ConfigMap', default: 'kyverno-metrics' },
    { flags: '--namespace <name>', summary: 'namespace of the ConfigMap', default: 'kyverno' },
    { flags: '-i, --include <namespaces>', summary: 'namespaces that are measured', repeatable: true },
    { flags: '-e, --exclude <namespaces>', summary: 'namespaces that are not', repeatable: true },
    ...COMPATIBLE_FLAGS,
  ],
  run: async () => (await import('./metrics-config.ts')).createMetricsConfig,
};

const clusterRoleCommand: Command = {
  name: 'cluster-role',
  summary: 'a ClusterRole that a controller’s role aggregates',
  arguments: [{ name: 'name', summary: 'the role is named `kyverno-NAME-permission`' }],
  flags: [
    OUTPUT,
    { flags: '--controllers <names>', summary: 'controllers that get the rights', repeatable: true },
    { flags: '-g, --api-groups <group>', summary: 'API group of the resources' },
    { flags: '--verbs <verbs>', summary: 'verbs, or all', repeatable: true },
    { flags: '--resources <resources>', summary: 'plural names', repeatable: true },
    ...COMPATIBLE_FLAGS,
  ],
  run: async () => (await import('./cluster-role.ts')).createClusterRole,
};

const testManifestCommand: Command = {
  name: 'test',
  summary: 'a test manifest',
  flags: [
    OUTPUT,
    { flags: '-n, --name <name>', summary: 'name of the test', default: 'test-name' },
    { flags: '-p, --policy <file>', summary: 'policy files', repeatable: true },
    { flags: '-r, --resource <file>', summary: 'resource files', repeatable: true },
    { flags: '-f, --values <file>', summary: 'values file' },
    { flags: '--pass <result>', summary: '`policy,rule,resource,namespace,kind[,patchedResource]`', repeatable: true },
    { flags: '--fail <result>', summary: 'the same, for what must fail', repeatable: true },
    { flags: '--skip <result>', summary: 'the same, for what must be skipped', repeatable: true },
    ...COMPATIBLE_FLAGS,
  ],
  run: async () => (await import('./test-manifest.ts')).createTestManifest,
};

const userInfoCommand: Command = {
  name: 'user-info',
  summary: 'a user info file',
  flags: [
    OUTPUT,
    { flags: '-u, --username <name>', summary: 'user name' },
    { flags: '-r, --role <roles>', summary: 'roles as `namespace:name`', repeatable: true },
    { flags: '-c, --cluster-role <roles>', summary: 'cluster roles', repeatable: true },
    { flags: '-g, --group <groups>', summary: 'groups', repeatable: true },
    ...COMPATIBLE_FLAGS,
  ],
  run: async () => (await import('./user-info.ts')).createUserInfo,
};

const valuesCommand: Command = {
  name: 'values',
  summary: 'a values file',
  flags: [
    OUTPUT,
    { flags: '-n, --ns-selector <selector>', summary: '`namespace,label=value,…`', repeatable: true },
    { flags: '-g, --global <key=value>', summary: 'global values', repeatable: true },
    { flags: '--rule <values>', summary: '`policy,rule,key=value,…`', repeatable: true },
    { flags: '--resource <values>', summary: '`policy,resource,key=value,…`', repeatable: true },
    ...COMPATIBLE_FLAGS,
  ],
  run: async () => (await import('./values.ts')).createValues,
};

/** Starting points for files of policies and tests. */
export const createCommand: Command = {
  name: 'create',
  summary: 'print a starting point for an exception, a test, values and the like',
  commands: [
    exceptionCommand,
    metricsConfigCommand,
    clusterRoleCommand,
    testManifestCommand,
    userInfoCommand,
    valuesCommand,
  ],
};
