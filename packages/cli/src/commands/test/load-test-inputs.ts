import { resolve } from 'node:path';
import type { CompileOptions } from '@vouchsafe/engine';
import {
  formatDiagnostic,
  isJsonObject,
  type Json,
  type JsonObject,
  member,
  withMember,
} from '@vouchsafe/engine/kernel';
import { type ContextData, loadContextFile } from '../../inputs/context-file.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import { createKindTable, type KindTable, kindOf } from '../../inputs/kind-table.ts';
import { loadResources } from '../../inputs/load-resources.ts';
import { loadAllPayloads } from '../../inputs/payloads.ts';
import { loadPolicySet, type PolicySet } from '../../inputs/policy-set.ts';
import { objectsAt, textAt, textsAt } from '../../inputs/read-fields.ts';
import { readOneDocument } from '../../inputs/read-one-document.ts';
import type { RegistryAccessOptions } from '../../inputs/registry-access.ts';
import { type InputResource, removeDuplicates } from '../../inputs/resources.ts';
import type { TestManifest } from '../../inputs/test-manifest.ts';
import { type Requester, readUserInfo } from '../../inputs/user-info.ts';
import { NO_VALUES, readValues, type Values } from '../../inputs/values.ts';

/** What the files of a manifest hold. */
export interface TestInputs {
  readonly kinds: KindTable;
  readonly values: Values;
  readonly requester: Requester | undefined;
  readonly policySet: PolicySet;
  readonly exceptions: Required<Pick<CompileOptions, 'exceptions' | 'celExceptions'>>;
  /** Each once. */
  readonly resources: readonly InputResource[];
  readonly payloads: readonly InputResource[];
  readonly targetResources: readonly InputResource[];
  readonly paramResources: readonly InputResource[];
  /** Where generate rules clone from. */
  readonly cloneSources: readonly InputResource[];
  /** Objects and definitions of `clusterResources`. */
  readonly clusterObjects: readonly JsonObject[];
  /** What policies in CEL are told of a cluster and of images. */
  readonly context: ContextData;
  /** With the objects of their files. */
  readonly globalContextEntries: readonly JsonObject[];
}

/** Reads all of it, telling what is read as Kyverno does. Throws `InputProblem` for what is missing or wrong. */
export async function loadTestInputs(
  manifest: TestManifest,
  print: (line: string) => void,
  registries?: RegistryAccessOptions,
): Promise<TestInputs> {
  const { folder } = manifest;
  const cluster = await loadClusterObjects(manifest);
  const kinds = createKindTable(cluster.definitions);
  print('  Loading values/variables ...');
  const values = await loadValues(manifest);
  if (manifest.userInfo !== '') print('  Loading user infos ...');
  const requester = await loadRequester(manifest);
  print('  Loading policies ...');
  const policySet = await failing('failed to load policies', () =>
    loadPolicySet(manifest.policies, folder, registries),
  );
  const [problem] = policySet.problems;
  if (problem) throw new InputProblem(`error: failed to load policies (${formatDiagnostic(problem)})`);
  for (const { name, reason } of policySet.invalid) print(`  ERROR: ${name}: ${reason}`);
  print('  Loading resources ...');
  const loaded = await failing('failed to load resources', () => loadResources(manifest.resources, folder, kinds));
  const { resources, duplicates } = removeDuplicates(loaded);
  for (const { object, name, namespace } of duplicates) {
    print(`  warning: found duplicated resource ${textAt(object, 'kind')} ${name} ${namespace}`);
  }
  if (manifest.jsonPayloads.length > 0) print('  Loading JSON payloads ...');
  const { jsonPayloads: json, envoyPayloads: envoy, httpPayloads: http } = manifest;
  if (http.length > 0) print('  Loading HTTP payloads ...');
  if (envoy.length > 0) print('  Loading Envoy payloads ...');
  const payloads = await failing('failed to load payloads', () => loadAllPayloads({ json, envoy, http }, folder));
  const targetResources = await failing('failed to load target resources', () =>
    loadResources(manifest.targetResources, folder, kinds),
  );
  const paramResources = await failing('failed to load parameter resources', () =>
    loadResources(manifest.paramResources, folder, kinds),
  );
  if (manifest.clusterResources.length > 0) print('Loading Kubernetes resources ...');
  print('  Loading exceptions ...');
  const exceptions = await loadExceptions(manifest);
  return {
    kinds,
    values,
    requester,
    policySet,
    exceptions,
    resources,
    payloads,
    targetResources,
    paramResources,
    cloneSources: await loadCloneSources(manifest, kinds),
    clusterObjects: [...cluster.objects, ...cluster.definitions],
    context: await failing('failed to load context', () => loadContextFile(manifest.context, folder)),
    globalContextEntries: await withResourceFiles(manifest, kinds),
  };
}

async function failing<Value>(what: string, load: () => Promise<Value>): Promise<Value> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    throw new InputProblem(`error: ${what} (${error.message})`);
  }
}

async function loadValues({ variables, values, folder }: TestManifest): Promise<Values> {
  if (values) return values;
  if (variables === '') return NO_VALUES;
  return readValues(await failing('failed to decode yaml', () => readOneDocument(variables, folder)), variables);
}

async function loadRequester({ userInfo, folder }: TestManifest): Promise<Requester | undefined> {
  if (userInfo === '') return undefined;
  return readUserInfo(await failing('failed to load request info', () => readOneDocument(userInfo, folder)), userInfo);
}

async function loadExceptions({ exceptions, folder }: TestManifest): Promise<TestInputs['exceptions']> {
  const set = await failing('failed to load exceptions', () => loadPolicySet(exceptions, folder));
  const [problem] = set.problems;
  const [other] = set.others;
  if (problem) throw new InputProblem(`error: failed to load exceptions (${formatDiagnostic(problem)})`);
  if (other) {
    const { group, version, kind } = kindOf(other.object);
    throw new InputProblem(
      `error: failed to load exceptions (policy exception type not supported ${group}/${version}, Kind=${kind})`,
    );
  }
  const [invalid] = set.invalid;
  if (invalid) throw new InputProblem(`error: failed to load exceptions (${invalid.name}: ${invalid.reason})`);
  return { exceptions: set.exceptions, celExceptions: set.celExceptions };
}

/** `kind: ClusterResource` documents: objects, and files of CustomResourceDefinitions. */
async function loadClusterObjects({
  clusterResources,
  folder,
}: TestManifest): Promise<{ readonly objects: readonly JsonObject[]; readonly definitions: readonly JsonObject[] }> {
  const objects: JsonObject[] = [];
  const definitions: JsonObject[] = [];
  for (const path of clusterResources) {
    const { object } = await failing('failed to load Kubernetes resources', () => readOneDocument(path, folder));
    objects.push(...objectsAt(object, 'spec', 'resources'));
    for (const file of textsAt(object, 'spec', 'crds')) {
      const definition = await failing(`failed to load CRDs from path ${file}`, () => readOneDocument(file, folder));
      definitions.push(definition.object);
    }
  }
  return { objects, definitions };
}

async function loadCloneSources(
  { results, folder }: TestManifest,
  kinds: KindTable,
): Promise<readonly InputResource[]> {
  const files = [...new Set(results.map(({ cloneSourceResource }) => cloneSourceResource))].filter((it) => it !== '');
  return failing('failed to load clone sources', () => loadResources(files, folder, kinds));
}

/** Entries whose `resourceFiles` are replaced by what the files hold. */
async function withResourceFiles(
  { globalContextEntries, folder }: TestManifest,
  kinds: KindTable,
): Promise<readonly JsonObject[]> {
  return Promise.all(
    globalContextEntries.map(async (entry) => {
      const given = member(entry, 'resourceFiles') ?? null;
      const isAlone = !['data', 'resources'].some((field) => (member(entry, field) ?? null) !== null);
      if (given === null || !isAlone) return entry;
      const files = textsAt(entry, 'resourceFiles');
      for (const file of files) checkInside(file, folder, textAt(entry, 'name'));
      const loaded = await failing('failed to load globalContextEntries resource files', () =>
        loadResources(files, folder, kinds),
      );
      const { resourceFiles: _files, ...rest } = entry;
      return withMember(rest, 'resources', loaded.map(({ object }): Json => object).filter(isJsonObject));
    }),
  );
}

function checkInside(file: string, folder: string, entry: string): void {
  const isInside = resolve(folder, file).startsWith(`${folder}/`);
  if (file.trim() !== '' && !file.startsWith('/') && isInside) return;
  throw new InputProblem(
    `globalContextEntries entry "${entry}" resourceFiles: file path must not escape the test directory`,
  );
}
