import { createKubeClient, isKubeError, loadClusterConnection } from '@vouchsafe/kube';
import { DENIALS_CONFIG_MAP } from '@vouchsafe/operator';
import { clusterFolder, readClusterState } from '../../cluster/cluster-state.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import { explainFiles } from './explain-files.ts';
import { type Denial, renderDenial } from './render-denial.ts';

const CONFIG_MAPS = { group: '', version: 'v1', resource: 'configmaps' } as const;

/**
 * Two arguments are policies and resources in files. Otherwise reads the refusals the operator keeps, with the user's own
 * rights in the cluster. Exit code 4 when there is none.
 */
export async function explain(
  [wanted, resource]: readonly string[],
  flags: FlagValues,
  io: CommandIo,
): Promise<number> {
  const output = textFlag(flags, 'output') ?? 'text';
  if (output !== 'text' && output !== 'json') {
    io.stderr(`vouchsafe: --output is text or json, not \`${output}\`\n`);
    return EXIT.usage;
  }
  if (wanted !== undefined && resource !== undefined) return explainFiles(wanted, resource, flags, io);
  const denials = await readDenials(flags, io);
  if ('problem' in denials) {
    io.stderr(`vouchsafe: ${denials.problem}\n`);
    return EXIT.evaluation;
  }
  const matching = denials.list.filter((denial) => wanted === undefined || isAbout(denial, wanted));
  if (matching.length === 0) {
    io.stdout(wanted === undefined ? 'nothing was refused lately\n' : `no refusal of \`${wanted}\` is known\n`);
    return EXIT.nothing;
  }
  const shown = flags['list'] === true ? matching : matching.slice(0, 1);
  if (output === 'json') io.stdout(`${JSON.stringify(shown, null, 2)}\n`);
  else if (flags['list'] === true) for (const denial of shown) io.stdout(`${denial.time}  ${titleOf(denial)}\n`);
  else for (const denial of shown) io.stdout(renderDenial(denial));
  return EXIT.ok;
}

function titleOf({ operation, kind, namespace, name }: Denial): string {
  return `${operation} ${kind} ${namespace ? `${namespace}/` : ''}${name}`;
}

function isAbout({ namespace, name }: Denial, wanted: string): boolean {
  return wanted === name || wanted === `${namespace}/${name}`;
}

async function readDenials(
  flags: FlagValues,
  io: CommandIo,
): Promise<{ list: readonly Denial[] } | { problem: string }> {
  const state = await readClusterState(clusterFolder(textFlag(flags, 'home'), io.env, io.cwd));
  const kubeconfig = textFlag(flags, 'kubeconfig') ?? state?.kubeconfig;
  const connection = await loadClusterConnection(kubeconfig ? { kubeconfig } : {});
  if (!connection.ok) return { problem: connection.message };
  const client = createKubeClient(connection.value, { userAgent: 'vouchsafe-cli' });
  const namespace = textFlag(flags, 'namespace') ?? 'kyverno';
  try {
    const { data } = await client.get(CONFIG_MAPS, { namespace, name: DENIALS_CONFIG_MAP });
    const text = (data as Record<string, string> | undefined)?.['denials.json']; // a ConfigMap's data are texts
    return { list: text ? (JSON.parse(text) as readonly Denial[]) : [] }; // written by the operator
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return { list: [] };
    return { problem: error instanceof Error ? error.message : String(error) };
  } finally {
    await client.close();
  }
}
