import {
  createKubeClient,
  isKubeError,
  type KubeClient,
  type KubernetesObject,
  loadClusterConnection,
} from '@vouchsafe/kube';
import { jsonOf } from '../../cluster/json-of.ts';
import { type CommandIo, EXIT, type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import { InputProblem, reasonOf } from '../../inputs/input-problem.ts';
import { objectsAt, textAt, textsAt } from '../../inputs/read-fields.ts';

const DEFINITIONS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } as const;
/** How often an object that somebody else writes at the same time is read again. */
const TRIES = 5;

/** Exit codes: 0 all are stored in the present version, 1 something failed, and nothing after it was tried. */
export async function migrate(_args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    const names = listFlag(flags, 'resource')
      .flatMap((name) => name.split(','))
      .filter((name) => name !== '');
    if (names.length === 0) throw new InputProblem('required flag(s) "resource" not set');
    const [kubeconfig, context] = [textFlag(flags, 'kubeconfig'), textFlag(flags, 'context')];
    const connection = await loadClusterConnection({
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
    });
    if (!connection.ok) throw new InputProblem(connection.message);
    const client = createKubeClient(connection.value, { userAgent: 'vouchsafe-cli' });
    try {
      for (const name of names) await migrateKind(client, name, io);
    } finally {
      await client.close();
    }
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof InputProblem) && !isKubeError(error)) throw error;
    io.stderr(`Error: ${reasonOf(error)}\n`);
    return EXIT.violations;
  }
}

async function migrateKind(client: KubeClient, name: string, io: CommandIo): Promise<void> {
  io.stdout(`migrating resource: ${name} ...\n`);
  const definition = jsonOf(await client.get(DEFINITIONS, { name }));
  const stored = objectsAt(definition, 'spec', 'versions').find(({ storage }) => storage === true);
  if (!stored) throw new InputProblem(`${name} stores no version`);
  const version = textAt(stored, 'name');
  io.stdout(`stored version: ${version}\n`);
  const versions = textsAt(definition, 'status', 'storedVersions');
  if (versions.length === 1 && versions[0] === version) {
    io.stdout('stored version is already up to date, nothing to do\n');
    return;
  }
  io.stdout('migrating resources...\n');
  const resource = {
    group: textAt(definition, 'spec', 'group'),
    version,
    resource: textAt(definition, 'spec', 'names', 'plural'),
  };
  for (const object of (await client.list(resource)).items) await writeAgain(client, resource, object);
  io.stdout('patching status...\n');
  const target = { name, subresource: 'status' };
  await client.patch(DEFINITIONS, target, 'merge', { status: { storedVersions: [version] } });
}

/** Nothing is changed: the API server stores what it is given in the present version. */
async function writeAgain(
  client: KubeClient,
  resource: Parameters<KubeClient['list']>[0],
  listed: KubernetesObject,
): Promise<void> {
  const { name = '', namespace } = listed.metadata ?? {};
  const target = { name, ...(namespace ? { namespace } : {}) };
  let object: KubernetesObject = listed;
  for (let tries = 1; ; tries += 1) {
    try {
      await client.update(resource, object);
      return;
    } catch (error) {
      // What is gone meanwhile needs no new version.
      if (isKubeError(error, 'NotFound')) return;
      if (!isKubeError(error, 'Conflict') || tries === TRIES) throw error;
      object = await client.get(resource, target);
    }
  }
}
