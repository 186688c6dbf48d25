import { formatDiagnostic } from '@vouchsafe/engine/kernel';
import { clusterFacts } from '../../evaluation/cel-facts.ts';
import { evaluateResource, type PolicyResponse } from '../../evaluation/evaluate-resource.ts';
import { createLocalFacts } from '../../evaluation/local-facts.ts';
import { createObjectStore } from '../../evaluation/object-store.ts';
import { preparePolicies } from '../../evaluation/prepare-policies.ts';
import { type CommandIo, EXIT, type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import { type RegistrySettings, readRegistrySettings } from '../../flags/registry-flags.ts';
import { NO_CONTEXT } from '../../inputs/context-file.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import { createKindTable } from '../../inputs/kind-table.ts';
import { loadResources } from '../../inputs/load-resources.ts';
import { loadPolicySet, type PolicySet } from '../../inputs/policy-set.ts';
import { readOneDocument } from '../../inputs/read-one-document.ts';
import { NO_HOST_SETTINGS } from '../../inputs/registry-access.ts';
import type { InputResource } from '../../inputs/resources.ts';
import { readUserInfo } from '../../inputs/user-info.ts';
import { NO_VALUES, readValues } from '../../inputs/values.ts';
import { type Explanation, renderExplanation } from './render-explanation.ts';
import { notesOf } from './rule-notes.ts';

const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE'];

/**
 * Evaluates policies on resources and tells each step of each rule. Exit codes: 0 nothing was refused, 1 some rule failed or
 * ended in an error, 2 wrong use, 4 nothing was evaluated.
 */
export async function explainFiles(
  policies: string,
  resources: string,
  flags: FlagValues,
  io: CommandIo,
): Promise<number> {
  const closing: (() => Promise<void>)[] = [];
  try {
    const explanations = await evaluateFiles(policies, resources, flags, io, closing);
    const isJson = textFlag(flags, 'output') === 'json';
    io.stdout(isJson ? `${JSON.stringify(explanations, null, 2)}\n` : explanations.map(renderExplanation).join('\n'));
    if (explanations.length === 0) return EXIT.nothing;
    const statuses = explanations.flatMap(({ rules }) => rules.map(({ status }) => status));
    return statuses.some((status) => status === 'fail' || status === 'error') ? EXIT.violations : EXIT.ok;
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    io.stderr(`Error: ${error.message}\n`);
    return EXIT.usage;
  } finally {
    for (const close of closing) await close();
  }
}

async function evaluateFiles(
  policies: string,
  resources: string,
  flags: FlagValues,
  io: CommandIo,
  closing: (() => Promise<void>)[],
): Promise<readonly Explanation[]> {
  const operation = textFlag(flags, 'operation') ?? 'CREATE';
  if (!OPERATIONS.includes(operation)) throw new InputProblem(`--operation is one of ${OPERATIONS.join(', ')}`);
  const kinds = createKindTable();
  const registry = readRegistrySettings(flags);
  const set = await loadPolicySet([policies], io.cwd, { hosts: registry?.hosts ?? NO_HOST_SETTINGS, env: io.env });
  tellProblems(set, io);
  const { exceptions, celExceptions } = await loadPolicySet(listFlag(flags, 'exception'), io.cwd);
  const prepared = preparePolicies(set.policies, { exceptions, celExceptions });
  for (const { name, reason } of [...prepared.invalid, ...prepared.unsupported]) io.stderr(`${name}: ${reason}\n`);
  const loaded = await loadResources([resources], io.cwd, kinds);
  const images = registry && (await openImages(registry, io));
  if (images) closing.push(images.close);
  const objects = loaded.map(({ object }) => object);
  const { source, absent } = createLocalFacts({
    store: createObjectStore(objects, kinds),
    cel: clusterFacts(objects, NO_CONTEXT, kinds),
    contextAsksStore: true,
    contextAsksConfigMaps: true,
    calls: new Map(),
    globals: new Map(),
    images: images?.source,
  });
  const [valuesFile, userInfo] = [textFlag(flags, 'valuesFile'), textFlag(flags, 'userinfo')];
  const surroundings = {
    policies: prepared.policies,
    values: valuesFile === undefined ? NO_VALUES : readValues(await readOneDocument(valuesFile, io.cwd), valuesFile),
    requester:
      userInfo === undefined ? undefined : readUserInfo(await readOneDocument(userInfo, io.cwd), userInfo, 'accept'),
    set: {},
    source,
    absent,
    kinds,
    namespaceLabels: () => ({}),
    now: Date.now(),
    trace: true,
  };
  const explanations: Explanation[] = [];
  for (const resource of loaded) {
    const responses = await evaluateResource(resource, surroundings, operation);
    explanations.push(...responses.map((response) => toExplanation(response, resource, textFlag(flags, 'rule') ?? '')));
  }
  return explanations.filter(({ rules }) => rules.length > 0);
}

function tellProblems({ problems, invalid, unsupported }: PolicySet, io: CommandIo): void {
  for (const problem of problems) io.stderr(`${formatDiagnostic(problem)}\n`);
  for (const { name, reason } of [...invalid, ...unsupported]) io.stderr(`${name}: ${reason}\n`);
}

async function openImages(registry: RegistrySettings, io: CommandIo) {
  const { openImageFacts } = await import('../../evaluation/image-facts.ts');
  return openImageFacts({ ...registry, folder: io.cwd, env: io.env });
}

/** Each rule with the steps it took; a rule without a result was not about the resource. */
function toExplanation(response: PolicyResponse, resource: InputResource, wanted: string): Explanation {
  // A policy in CEL is one rule, whatever its result is called.
  const isOne = response.policy.family === 'cel';
  const named = [...response.trace, ...response.results].map(({ rule }) => (isOne ? '' : rule));
  const names = [...new Set(named)].filter(
    (name) => wanted === '' || name === wanted || name === `autogen-${wanted}` || name === `autogen-cronjob-${wanted}`,
  );
  return {
    policy: response.policy.ref.name,
    phase: response.phase,
    resource: [resource.namespace, String(resource.object['kind'] ?? ''), resource.name].filter(Boolean).join('/'),
    rules: names.map((rule) => {
      const result = response.results.find((candidate) => isOne || candidate.rule === rule);
      const steps = response.trace.filter((step) => isOne || step.rule === rule);
      const isMatched = steps.some(({ step, outcome }) => step === 'match' && outcome === 'yes');
      return {
        rule,
        status: result?.status ?? 'not applied',
        message: result?.message ?? '',
        steps,
        notes: isMatched ? notesOf(response.policy, rule, resource.object) : [],
      };
    }),
  };
}
