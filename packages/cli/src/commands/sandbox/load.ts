import { readFile } from 'node:fs/promises';
import { createKubeClient, type KubernetesObject, loadClusterConnection } from '@vouchsafe/kube';
import { clusterFolder, readClusterState } from '../../cluster/cluster-state.ts';
import { loadObjects } from '../../cluster/load-objects.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import { findFiles } from '../../inputs/find-files.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import { readInputDocuments } from '../../inputs/read-documents.ts';

/** Applies the manifests of files and folders to the running sandbox. */
export async function load(paths: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const folder = clusterFolder(textFlag(flags, 'home'), io.env, io.cwd);
  const state = await readClusterState(folder);
  if (!state) {
    io.stderr(`vouchsafe: no sandbox runs in ${folder}; start one with \`vouchsafe sandbox up\`\n`);
    return EXIT.usage;
  }
  return loadPaths(paths, state.kubeconfig, io);
}

/** The same into any cluster. Exit code 1 when one of the objects was refused, 2 when a file cannot be read. */
export async function loadPaths(paths: readonly string[], kubeconfig: string, io: CommandIo): Promise<number> {
  const objects = await readObjects(paths, io);
  if (objects === undefined) return EXIT.usage;
  const connection = await loadClusterConnection({ kubeconfig });
  if (!connection.ok) throw new Error(connection.message);
  const client = createKubeClient(connection.value, { userAgent: 'vouchsafe-cli', queriesPerSecond: 0 });
  let refused = 0;
  try {
    await loadObjects(client, objects, ({ title, problem }) => {
      if (problem === undefined) {
        io.stdout(`${title} applied\n`);
      } else {
        refused += 1;
        io.stderr(`${title} refused: ${problem}\n`);
      }
    });
  } finally {
    await client.close();
  }
  return refused === 0 ? EXIT.ok : EXIT.violations;
}

/** The objects of all files, or nothing when one of them is not what it should be: a half-loaded folder misleads. */
async function readObjects(paths: readonly string[], io: CommandIo): Promise<readonly KubernetesObject[] | undefined> {
  const objects: KubernetesObject[] = [];
  let problems = 0;
  const tell = (problem: string): void => {
    problems += 1;
    io.stderr(`vouchsafe: ${problem}\n`);
  };
  try {
    for (const file of findFiles(paths, io.cwd, { recursive: true })) {
      const read = readInputDocuments(await readFile(file, 'utf8'), file);
      for (const { message, range } of read.problems) tell(`${file}${range ? `:${range.line}` : ''}: ${message}`);
      for (const { object } of read.documents) {
        if (isKubernetesObject(object)) objects.push(object);
        else tell(`${file}: an object has apiVersion, kind and metadata`);
      }
    }
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    tell(error.message);
  }
  if (problems === 0 && objects.length === 0) tell(`there are no manifests in ${paths.join(', ')}`);
  return problems === 0 ? objects : undefined;
}

function isKubernetesObject(value: unknown): value is KubernetesObject {
  const { apiVersion, kind, metadata } = value as Readonly<Record<string, unknown>>; // a document is an object
  return (
    typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata === 'object' && metadata !== null
  );
}
