import { parse } from 'yaml';
import { isRecord, listOf, recordOf, textOf, textsOf, type UntypedRecord } from '../model/untyped.ts';
import { type ConfigResult, configFailure } from './cluster-connection.ts';

/** One named entry of a kubeconfig, with the file it came from: relative paths in it start there. */
export interface KubeconfigEntry {
  readonly name: string;
  readonly file: string;
  readonly body: UntypedRecord;
}

/** A kubeconfig (client.authentication.k8s.io names are kept as they are), perhaps merged from several files. */
export interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly contexts: ReadonlyMap<string, KubeconfigEntry>;
  readonly clusters: ReadonlyMap<string, KubeconfigEntry>;
  readonly users: ReadonlyMap<string, KubeconfigEntry>;
}

/** How to run a credential plugin (`users[].user.exec`). */
export interface ExecPlugin {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion: string;
  readonly provideClusterInfo: boolean;
  readonly installHint: string | undefined;
}

/** Reads the text of one kubeconfig file. `file` names it in messages; the text never appears in them. */
export function parseKubeconfig(text: string, file: string): ConfigResult<Kubeconfig> {
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 100, logLevel: 'error' });
  } catch {
    return configFailure(`kubeconfig \`${file}\` is not YAML`);
  }
  if (document !== null && !isRecord(document)) return configFailure(`kubeconfig \`${file}\` is not a mapping`);
  const root = recordOf(document);
  return {
    ok: true,
    value: {
      currentContext: textOf(root['current-context']) || undefined,
      contexts: readEntries(root['contexts'], 'context', file),
      clusters: readEntries(root['clusters'], 'cluster', file),
      users: readEntries(root['users'], 'user', file),
    },
  };
}

/** Merges as kubectl does: the first file to name an entry, or a current context, wins. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const merge = (pick: (config: Kubeconfig) => ReadonlyMap<string, KubeconfigEntry>): Map<string, KubeconfigEntry> =>
    new Map(configs.toReversed().flatMap((config) => [...pick(config)]));
  return {
    currentContext: configs.find(({ currentContext }) => currentContext !== undefined)?.currentContext,
    contexts: merge(({ contexts }) => contexts),
    clusters: merge(({ clusters }) => clusters),
    users: merge(({ users }) => users),
  };
}

/** Reads `user.exec`. */
export function readExecPlugin(exec: UntypedRecord): ConfigResult<ExecPlugin> {
  const command = textOf(exec['command']);
  const apiVersion = textOf(exec['apiVersion']) ?? '';
  if (command === undefined || command === '') return configFailure('the credential plugin has no command');
  if (!/^client\.authentication\.k8s\.io\/v1(beta1)?$/.test(apiVersion)) {
    return configFailure(`the credential plugin's apiVersion \`${apiVersion}\` is not supported`);
  }
  const env = listOf(exec['env']).map((item) => {
    const { name, value } = recordOf(item);
    return { name: textOf(name) ?? '', value: textOf(value) ?? '' };
  });
  return {
    ok: true,
    value: {
      command,
      args: textsOf(exec['args']),
      env: env.filter(({ name }) => name !== ''),
      apiVersion,
      provideClusterInfo: exec['provideClusterInfo'] === true,
      installHint: textOf(exec['installHint']),
    },
  };
}

function readEntries(value: unknown, member: string, file: string): ReadonlyMap<string, KubeconfigEntry> {
  const entries = new Map<string, KubeconfigEntry>();
  for (const item of listOf(value)) {
    const name = textOf(recordOf(item)['name']);
    if (name === undefined || entries.has(name)) continue;
    entries.set(name, { name, file, body: recordOf(recordOf(item)[member]) });
  }
  return entries;
}
