import type { CompiledPolicy, EvaluationRequest } from '@vouchsafe/engine';
import { isJsonArray, type Json, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { type ApiResource, isKubeError, type KubeClient } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { StoredPolicy } from '../store/policy-store.ts';
import { selectedResources } from '../store/selected-resources.ts';
import { ATTEMPTS_MS, type Background } from './start-background.ts';

export interface ExistingOptions {
  readonly client: KubeClient;
  readonly background: Background;
  readonly policies: () => readonly StoredPolicy[];
  readonly isExcluded: (request: EvaluationRequest) => boolean;
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  readonly mayRun: () => boolean;
  readonly log: Logger;
  readonly now: () => number;
}

export interface ExistingTriggers {
  /** Looks for policies that are new or changed. */
  look(): void;
  stop(): Promise<void>;
}

/**
 * Applies policies that ask for it (`generateExisting`, `mutateExistingOnPolicyUpdate`, `mutateExisting`) to what is there already: once for each
 * version of the policy, and once at start, when what was missed is made good.
 */
export function followExistingTriggers(options: ExistingOptions): ExistingTriggers {
  const { policies, mayRun, log } = options;
  const done = new Set<string>();
  let isStopped = false;
  let running: Promise<void> = Promise.resolve();

  function look(): void {
    if (!mayRun() || isStopped) return;
    for (const { document, compiled } of policies()) {
      const rules = compiled && rulesForExisting(document);
      const revision = ['uid', 'generation'].map((key) => String(memberAt(document, 'metadata', key))).join('/');
      if (!compiled || !rules || rules.size === 0 || done.has(revision)) continue;
      done.add(revision);
      running = running
        .then(() => applyToAll(compiled, rules, options, () => isStopped))
        .catch((error: unknown) => {
          done.delete(revision);
          log.warn({ policy: compiled.ref.name, error: messageOf(error) }, 'existing objects were not all looked at');
        });
    }
  }

  return {
    look,
    async stop() {
      isStopped = true;
      await running;
    },
  };
}

/** The rules of MutatingPolicies as results name them: of what was mutated, and of what could not be. */
const MUTATING_RULES: ReadonlySet<string> = new Set(['', 'evaluation']);

/** The rules that are about what exists; of a policy in CEL its one rule. */
export function rulesForExisting(document: JsonObject): ReadonlySet<string> {
  const name = memberAt(document, 'metadata', 'name');
  const evaluation = memberAt(document, 'spec', 'evaluation');
  if (memberAt(evaluation, 'generateExisting', 'enabled') === true) return new Set([String(name)]);
  if (memberAt(evaluation, 'mutateExisting', 'enabled') === true) return MUTATING_RULES;
  const rules = memberAt(document, 'spec', 'rules');
  const isAll = {
    generate: memberAt(document, 'spec', 'generateExisting') === true,
    mutate: memberAt(document, 'spec', 'mutateExistingOnPolicyUpdate') === true,
  };
  const asks = (rule: Json): boolean =>
    asksItself(rule, 'generate', 'generateExisting', isAll.generate) ||
    asksItself(rule, 'mutate', 'mutateExistingOnPolicyUpdate', isAll.mutate);
  return new Set((isJsonArray(rules) ? rules : []).filter(asks).map((rule) => String(memberAt(rule, 'name'))));
}

function asksItself(rule: Json, part: 'generate' | 'mutate', flag: string, fallback: boolean): boolean {
  if (memberAt(rule, part) === undefined) return false;
  return (memberAt(rule, part, flag) ?? fallback) === true;
}

async function applyToAll(
  policy: CompiledPolicy,
  rules: ReadonlySet<string>,
  options: ExistingOptions,
  isStopped: () => boolean,
): Promise<void> {
  const { client, background, isExcluded } = options;
  const selectors = policy.selectors.filter(({ phases, subresource }) => phases.has('generate') && subresource === '');
  const served = await client.discovery.resources();
  for (const resource of selectedResources({ ref: policy.ref, selectors }, served, ['list'])) {
    const found = await list(resource, policy, options);
    let waiting = found
      .map((object) => toRequest(resource, object, options))
      .filter((request) => !isExcluded(request) && policy.matches(request, 'generate'));
    // One object for which nothing can be done does not hold up the others: all are tried before any is tried again.
    for (const [attempt, delay] of ATTEMPTS_MS.entries()) {
      if (delay > 0 && waiting.length > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      const failed: EvaluationRequest[] = [];
      for (const request of waiting) {
        if (isStopped()) return;
        const isLast = attempt === ATTEMPTS_MS.length - 1;
        if (!(await background.attempt(policy, request, rules, isLast))) failed.push(request);
      }
      waiting = failed;
    }
  }
}

async function list(
  resource: ApiResource,
  { ref }: CompiledPolicy,
  { client }: ExistingOptions,
): Promise<readonly JsonObject[]> {
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  try {
    const { items } = await client.list(resource, ref.namespace === undefined ? {} : { namespace: ref.namespace });
    return items.map((item) => ({ ...jsonOf(item), apiVersion, kind: resource.kind }));
  } catch (error) {
    if (isKubeError(error, 'Forbidden') || isKubeError(error, 'NotFound')) return [];
    throw error;
  }
}

/** As a scan sees an object: created just now, by nobody. */
export function toRequest(
  { group, version, kind, resource: plural }: Pick<ApiResource, 'group' | 'version' | 'kind' | 'resource'>,
  object: JsonObject,
  { namespaceLabels, now }: Pick<ExistingOptions, 'namespaceLabels' | 'now'>,
): EvaluationRequest {
  const [namespace, name] = ['namespace', 'name'].map((key) => memberAt(object, 'metadata', key));
  const place = typeof namespace === 'string' ? namespace : '';
  return {
    operation: 'CREATE',
    kind: { group, version, kind },
    plural,
    subresource: '',
    namespace: place,
    name: typeof name === 'string' ? name : '',
    resource: object,
    oldResource: undefined,
    admission: undefined,
    user: undefined,
    roles: [],
    clusterRoles: [],
    namespaceLabels: place === '' ? {} : namespaceLabels(place),
    dryRun: false,
    now: now(),
  };
}
