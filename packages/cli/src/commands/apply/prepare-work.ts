import { loadDocument, rulesOf } from '@vouchsafe/engine';
import type { FactKind, FactSource } from '@vouchsafe/engine/facts';
import { contextFacts } from '../../evaluation/cel-facts.ts';
import type { PolicyResponse, RunnablePolicy, Surroundings } from '../../evaluation/evaluate-resource.ts';
import { type Finding, toFindings } from '../../evaluation/finding.ts';
import { readGlobalEntries } from '../../evaluation/global-entries.ts';
import type { ImageFacts } from '../../evaluation/image-facts.ts';
import { createLocalFacts } from '../../evaluation/local-facts.ts';
import { createObjectStore } from '../../evaluation/object-store.ts';
import type { CommandIo } from '../../flags/command.ts';
import { type ContextData, loadContextFile } from '../../inputs/context-file.ts';
import { InputProblem, reasonOf } from '../../inputs/input-problem.ts';
import { kindOf } from '../../inputs/kind-table.ts';
import { countResources, loadResources, streamResources } from '../../inputs/load-resources.ts';
import { loadAllPayloads } from '../../inputs/payloads.ts';
import type { InputResource } from '../../inputs/resources.ts';
import { parseSet } from '../../inputs/values.ts';
import type { ApplySettings } from './apply-settings.ts';
import {
  type ApplyInputs,
  type ApplyPolicies,
  compileApplyPolicies,
  type Exceptions,
  loadApplyInputs,
  type SkippedPolicy,
} from './load-apply-inputs.ts';
import type { AppliedCluster } from './open-cluster.ts';

/** All that is to be done, ready to be run resource by resource. */
export interface ApplyWork {
  readonly surroundings: Surroundings;
  readonly resources: () => AsyncIterable<InputResource>;
  readonly skipped: readonly SkippedPolicy[];
  readonly notes: readonly string[];
  readonly policyCount: number;
  readonly ruleCount: number;
  /** Absent when only the reading will tell, and nothing is printed before. */
  readonly resourceCount: number | undefined;
  readonly exceptionCount: number;
  readonly now: number;
  /** What a response says, as the policy's own kind tells it. */
  readonly findings: (response: PolicyResponse, resource: InputResource) => readonly Finding[];
}

/** Reads everything but resources that can be streamed. Throws `InputProblem`. */
export async function prepareWork(
  settings: ApplySettings,
  { cwd: folder, env }: Pick<CommandIo, 'cwd' | 'env'>,
  cleanups: (() => Promise<void>)[],
): Promise<ApplyWork> {
  const inputs = await loadApplyInputs(settings, folder, env, cleanups);
  const compile = (exceptions: Exceptions) =>
    compileApplyPolicies(inputs, exceptions, settings.resolveRequestVariables);
  const first = compile(inputs.exceptionsGiven);
  const cluster = await openWantedCluster(settings, first, inputs);
  if (cluster) cleanups.push(cluster.close);
  const keepsAll = !cluster && (settings.exceptionsWithinResources || first.policies.some(asksForObjects));
  const kept = await loadKept(settings, folder, inputs, keepsAll);
  const targets = await loadResources(settings.targets, folder, inputs.kinds);
  const exceptions = exceptionsOf(settings, inputs, kept ?? []);
  const policies = exceptions === inputs.exceptionsGiven ? first : compile(exceptions);
  const images = await openWantedImages(settings, folder, env);
  if (images) cleanups.push(images.close);
  const now = Date.now();
  const judged = kept?.filter((resource) => !isGlobalEntry(resource));
  const context = await loadContextFile(settings.contextFile, folder);
  const http = policies.policies.some(({ compiled }) => compiled.needs.has('http-call'))
    ? await openHttp(env)
    : undefined;
  const facts = createFacts([...(kept ?? []), ...targets], targets, inputs, images?.source, context, http, now);
  return {
    surroundings: {
      policies: policies.policies,
      values: inputs.values,
      set: parseSet(settings.set),
      requester: inputs.requester,
      source: cluster ? cluster.facts(facts.source) : facts.source,
      kinds: inputs.kinds,
      absent: cluster ? withoutApiCalls(facts.absent) : facts.absent,
      namespaceLabels: cluster ? cluster.namespaceLabels : () => ({}),
      now,
      trace: false,
    },
    resources: () => (cluster ? cluster.resources(settings.resources) : fromFiles(judged, settings, folder, inputs)),
    ...countPolicies(policies),
    resourceCount:
      cluster?.count ??
      judged?.length ??
      (printsMeanwhile(policies, settings)
        ? await countResources(settings.resources, folder, inputs.kinds)
        : undefined),
    exceptionCount: exceptions.exceptions.length + exceptions.celExceptions.length,
    now,
    findings: (response, resource) => toFindings(response, resource, { auditWarn: settings.auditWarn }),
  };
}

/** What has to be at hand as a whole: payloads always, resources when something asks for more than one of them. */
async function loadKept(
  { payloads, resources }: ApplySettings,
  folder: string,
  { kinds }: ApplyInputs,
  keepsAll: boolean,
): Promise<readonly InputResource[] | undefined> {
  if (Object.values(payloads).some(({ length }) => length > 0)) return loadAllPayloads(payloads, folder);
  return keepsAll ? loadResources(resources, folder, kinds) : undefined;
}

/** Loaded when asked for only: most runs have no cluster. */
async function openWantedCluster(
  { cluster }: ApplySettings,
  { policies }: ApplyPolicies,
  { kinds }: ApplyInputs,
): Promise<AppliedCluster | undefined> {
  return cluster && (await import('./open-cluster.ts')).openCluster(cluster, policies, kinds);
}

async function openWantedImages(
  { registry }: ApplySettings,
  folder: string,
  env: CommandIo['env'],
): Promise<ImageFacts | undefined> {
  return registry && (await import('../../evaluation/image-facts.ts')).openImageFacts({ ...registry, folder, env });
}

/** Calls of expressions, where Kyverno's environment variables let them go. Loaded when asked for only. */
async function openHttp(env: CommandIo['env']): Promise<FactSource> {
  const { createHttpFacts, createHttpRules, readHttpSettings } = await import('@vouchsafe/operator');
  try {
    return createHttpFacts(createHttpRules(readHttpSettings(env)));
  } catch (error) {
    throw new InputProblem(`calls of expressions: ${reasonOf(error)}`);
  }
}

function countPolicies({
  policies,
  skipped,
  notes,
  ruleCount,
}: ApplyPolicies): Pick<ApplyWork, 'skipped' | 'notes' | 'ruleCount' | 'policyCount'> {
  return { skipped, notes, ruleCount, policyCount: policies.length + skipped.length };
}

/** Rules that look at other objects than the one they judge; these must then all be at hand. */
const OBJECT_FACTS: readonly FactKind[] = ['api-call', 'resource', 'global-context'];

function asksForObjects({ policy, compiled }: RunnablePolicy): boolean {
  return (
    OBJECT_FACTS.some((kind) => compiled.needs.has(kind)) ||
    rulesOf(policy).some(({ mutate, generate }) => mutate?.['targets'] !== undefined || generate !== undefined)
  );
}

function exceptionsOf(
  { exceptionsWithinPolicies, exceptionsWithinResources }: ApplySettings,
  { policySets, exceptionsGiven }: ApplyInputs,
  resources: readonly InputResource[],
): Exceptions {
  if (!exceptionsWithinPolicies && !exceptionsWithinResources) return exceptionsGiven;
  const own = exceptionsWithinPolicies ? policySets : [];
  const loaded = exceptionsWithinResources
    ? resources.map(({ object, sources }) => loadDocument(object, sources))
    : undefined;
  const given: Exceptions = loaded
    ? {
        exceptions: loaded.flatMap(({ exception }) => exception ?? []),
        celExceptions: loaded.flatMap(({ celException }) => celException ?? []),
      }
    : exceptionsGiven;
  return {
    exceptions: [...given.exceptions, ...own.flatMap(({ exceptions }) => exceptions)],
    celExceptions: [...given.celExceptions, ...own.flatMap(({ celExceptions }) => celExceptions)],
  };
}

function createFacts(
  resources: readonly InputResource[],
  targets: readonly InputResource[],
  { kinds }: ApplyInputs,
  images: Parameters<typeof createLocalFacts>[0]['images'],
  context: ContextData,
  http: FactSource | undefined,
  now: number,
): ReturnType<typeof createLocalFacts> {
  const store = createObjectStore(
    resources.map(({ object }) => object),
    kinds,
  );
  const entries = resources.filter(isGlobalEntry).map(({ object }) => object);
  return createLocalFacts({
    store,
    contextAsksStore: resources.length > 0,
    // Upstream never loads ConfigMaps here; values stand in for them.
    contextAsksConfigMaps: false,
    calls: new Map(),
    globals: readGlobalEntries(entries, store, now),
    images,
    cel: contextFacts(
      context,
      kinds,
      targets.map(({ object }) => object),
    ),
    http,
  });
}

function isGlobalEntry({ object }: InputResource): boolean {
  const { group, kind } = kindOf(object);
  return group === 'kyverno.io' && kind === 'GlobalContextEntry';
}

function withoutApiCalls(absent: ReadonlySet<FactKind>): ReadonlySet<FactKind> {
  return new Set([...absent].filter((kind) => kind !== 'api-call'));
}

async function* fromFiles(
  kept: readonly InputResource[] | undefined,
  { resources }: ApplySettings,
  folder: string,
  { kinds }: ApplyInputs,
): AsyncGenerator<InputResource> {
  if (kept) {
    yield* kept;
    return;
  }
  for await (const resource of streamResources(resources, folder, kinds)) if (!isGlobalEntry(resource)) yield resource;
}

/** Mutated and generated objects are printed while resources are still read. */
function printsMeanwhile({ policies }: ApplyPolicies, { view, pipe }: ApplySettings): boolean {
  const isTold = (view === 'text' || view === 'table') && !pipe;
  return isTold && policies.some(({ phases }) => phases.has('mutate') || phases.has('generate'));
}
