import type { FactSource } from '@vouchsafe/engine/facts';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { clusterFacts, contextFacts } from '../../evaluation/cel-facts.ts';
import {
  evaluateResource,
  isSameObject,
  type PolicyResponse,
  type Surroundings,
} from '../../evaluation/evaluate-resource.ts';
import { createLocalFacts } from '../../evaluation/local-facts.ts';
import { readCallMocks, readGlobalMocks } from '../../evaluation/mocks.ts';
import { createObjectStore } from '../../evaluation/object-store.ts';
import { preparePolicies } from '../../evaluation/prepare-policies.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import type { KindTable } from '../../inputs/kind-table.ts';
import { textMapAt } from '../../inputs/read-fields.ts';
import type { RegistryAccessOptions } from '../../inputs/registry-access.ts';
import type { InputResource } from '../../inputs/resources.ts';
import type { TestManifest } from '../../inputs/test-manifest.ts';
import { globalOperation } from '../../inputs/values.ts';
import { loadTestInputs, type TestInputs } from './load-test-inputs.ts';

/** The responses of all policies, by the key of the resource. */
export type ResponsesByResource = ReadonlyMap<string, readonly PolicyResponse[]>;

/** Everything a manifest's expectations are checked against. */
export interface TestRun {
  readonly trigger: ResponsesByResource;
  /** Further runs, for the operations that expectations name. */
  readonly triggerByOperation: ReadonlyMap<string, ResponsesByResource>;
  /** Responses that changed a target resource, by its key. */
  readonly target: ResponsesByResource;
  readonly targetResources: readonly InputResource[];
  /** Rules by policy name, with those of autogen. */
  readonly rules: ReadonlyMap<string, readonly string[]>;
  /** Policies that were not evaluated, and why. */
  readonly invalid: ReadonlyMap<string, string>;
  readonly unsupported: ReadonlyMap<string, string>;
  readonly kinds: KindTable;
}

export interface RunOptions {
  readonly print: (line: string) => void;
  /** Answers about images, with `--registry`. */
  readonly images: FactSource | undefined;
  /** How `oci://` policies are reached. */
  readonly registries: RegistryAccessOptions;
  readonly now: number;
  /** Whether `{{ }}` in values of resources is resolved, as upstream. */
  readonly resolveRequestVariables: boolean;
}

/** Loads what a manifest names and evaluates all of its policies on all of its resources. Throws `InputProblem`. */
export async function runTest(manifest: TestManifest, options: RunOptions): Promise<TestRun> {
  const { print } = options;
  print(`Loading test  ( ${manifest.path} ) ...`);
  const inputs = await loadTestInputs(manifest, print, options.registries);
  const { policySet, resources, payloads, exceptions } = inputs;
  const links = { ...exceptions, bindings: policySet.bindings };
  const prepared = preparePolicies(policySet.policies, links, options.resolveRequestVariables);
  const exceptionCount = exceptions.exceptions.length + exceptions.celExceptions.length;
  const count = policySet.policies.length + policySet.invalid.length + policySet.unsupported.length;
  print(
    `  Applying ${plural(count, 'policy', 'policies')} to ${plural(resources.length, 'resource')} with ${plural(exceptionCount, 'exception')} ...`,
  );
  const surroundings = toSurroundings(inputs, prepared.policies, manifest, options);
  const operations = explicitOperations(manifest);
  globalOperation(inputs.values);
  const trigger = await evaluateAll([...resources, ...payloads], surroundings, '');
  const triggerByOperation = new Map<string, ResponsesByResource>();
  for (const operation of operations) {
    triggerByOperation.set(operation, await evaluateAll(resources, surroundings, operation));
  }
  const all = [trigger, ...triggerByOperation.values()].flatMap((responses) => [...responses.values()].flat());
  return {
    trigger,
    triggerByOperation,
    target: byTarget(inputs.targetResources, all),
    targetResources: inputs.targetResources,
    rules: new Map(
      prepared.policies.map(({ policy, compiled }) => [policy.ref.name, compiled.rules.map(({ name }) => name)]),
    ),
    invalid: new Map([...policySet.invalid, ...prepared.invalid].map(({ name, reason }) => [name, reason])),
    unsupported: new Map([...policySet.unsupported, ...prepared.unsupported].map(({ name, reason }) => [name, reason])),
    kinds: inputs.kinds,
  };
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function toSurroundings(
  inputs: TestInputs,
  policies: Surroundings['policies'],
  manifest: TestManifest,
  { images, now }: RunOptions,
): Surroundings {
  const { kinds, clusterObjects } = inputs;
  const hasCluster = manifest.clusterResources.length > 0;
  const objects: readonly JsonObject[] = [
    ...[inputs.resources, inputs.targetResources, inputs.paramResources, inputs.cloneSources].flatMap((list) =>
      list.map(({ object }) => object),
    ),
    ...clusterObjects,
  ];
  const targets = inputs.targetResources.map(({ object }) => object);
  const store = createObjectStore(objects, kinds);
  const { source, absent } = createLocalFacts({
    store,
    contextAsksStore: hasCluster,
    contextAsksConfigMaps: hasCluster,
    calls: readCallMocks(manifest.apiCallResponses),
    globals: readGlobalMocks(inputs.globalContextEntries),
    images,
    cel: hasCluster
      ? clusterFacts(objects, inputs.context, kinds, targets)
      : contextFacts(inputs.context, kinds, targets),
  });
  const namespaceLabels = (name: string): Readonly<Record<string, string>> => {
    const [namespace] = hasCluster ? store.find({ group: '', kind: 'Namespace', name }) : [];
    return textMapAt(namespace, 'metadata', 'labels');
  };
  return {
    policies,
    values: inputs.values,
    set: {},
    requester: inputs.requester,
    source,
    absent,
    kinds,
    namespaceLabels,
    now,
    trace: true,
  };
}

const OPERATIONS: readonly string[] = ['CREATE', 'UPDATE', 'DELETE'];

function explicitOperations({ results }: TestManifest): readonly string[] {
  for (const { operation, policy, isDeletingPolicy } of results) {
    if (operation === '') continue;
    const invalid = `invalid test result for policy ${policy}:`;
    if (!OPERATIONS.includes(operation)) {
      throw new InputProblem(`${invalid} invalid operation "${operation}", must be one of CREATE, UPDATE, DELETE`);
    }
    if (isDeletingPolicy) throw new InputProblem(`${invalid} operation is not supported for deleting policies`);
  }
  return [...new Set(results.map(({ operation }) => operation))].filter((operation) => operation !== '').sort();
}

async function evaluateAll(
  resources: readonly InputResource[],
  surroundings: Surroundings,
  operation: string,
): Promise<ResponsesByResource> {
  const responses = new Map<string, readonly PolicyResponse[]>();
  for (const resource of resources) {
    responses.set(resource.key, await evaluateResource(resource, surroundings, operation));
  }
  return responses;
}

function byTarget(targets: readonly InputResource[], responses: readonly PolicyResponse[]): ResponsesByResource {
  const changed = new Map<string, readonly PolicyResponse[]>();
  for (const { key, object } of targets) {
    const about = responses.filter(({ effects }) =>
      effects.some((effect) => effect.kind === 'update' && isSameObject(effect.resource, object)),
    );
    if (about.length > 0) changed.set(key, about);
  }
  return changed;
}
