import type { CompileOptions, PolicyRef } from '@vouchsafe/engine';
import { matchWildcard, memberAt } from '@vouchsafe/engine/kernel';
import { type ApiResource, type Informer, type KubeClient, startInformer } from '@vouchsafe/kube';
import { planFromMutatingPolicy, planFromValidatingPolicy } from '../admission-policies/from-cel-policy.ts';
import { planFromClusterPolicy } from '../admission-policies/from-cluster-policy.ts';
import type { GenerationPlan } from '../admission-policies/generated-policy.ts';
import { type GeneratedKinds, type Generation, generate } from '../admission-policies/generator.ts';
import { objectsAt, textAt } from '../admission-policies/read-json.ts';
import type { EventSender } from '../reports/event-sender.ts';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';
import { type GenerationState, NOT_GENERATED } from '../store/generation-state.ts';
import type { PolicyStore, StoredPolicy } from '../store/policy-store.ts';

export interface AdmissionPoliciesOptions {
  readonly client: KubeClient;
  readonly settings: Pick<OperatorSettings, 'generateValidatingAdmissionPolicy'>;
  readonly store: Pick<PolicyStore, 'snapshot' | 'setServedElsewhere'>;
  readonly exceptionsOf: (ref: PolicyRef) => CompileOptions;
  /** All policies are read, and exceptions with them. */
  readonly isLoaded: () => boolean;
  readonly mayWrite: () => boolean;
  /** Statuses say something else now. */
  readonly onChange: () => void;
  readonly events: Pick<EventSender, 'tell'>;
  readonly log: Logger;
}

/** The policies that are made for the API server's own admission. */
export interface AdmissionPolicies {
  /** By the key of the policy. */
  stateOf(key: string): GenerationState;
  trigger(): void;
  stop(): Promise<void>;
}

type Family = 'cpol' | 'vpol' | 'mpol';

const FAMILIES: Readonly<Record<string, Family>> = {
  ClusterPolicy: 'cpol',
  ValidatingPolicy: 'vpol',
  MutatingPolicy: 'mpol',
};
const GROUP = 'admissionregistration.k8s.io';
const VERSIONS = ['v1', 'v1beta1', 'v1alpha1'];
const LABEL = 'app.kubernetes.io/managed-by=kyverno';
const RETRY_MS = 5_000;
/** Milliseconds that the API server may take to judge by a new policy; we go on judging meanwhile. */
const HANDOVER_MS = 2_000;

/**
 * Keeps the policies of the API server equal to those they are made of (kyverno-core §1.9). Every replica watches them, and stops
 * judging what the API server judges; the leader writes them.
 */
export function startAdmissionPolicies(options: AdmissionPoliciesOptions): AdmissionPolicies {
  const { client, settings, store, exceptionsOf, isLoaded, mayWrite, onChange, events, log } = options;
  const informers: Informer[] = [];
  const known = new Map<string, Generation & { readonly since: number }>();
  let kinds: { readonly validating: GeneratedKinds; readonly mutating: GeneratedKinds | undefined } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isWanted = false;
  let isStopped = false;

  function follow(version: string, resource: string, kind: string) {
    const gvr = { group: GROUP, version, resource };
    const informer = startInformer({
      client,
      gvr,
      labelSelector: LABEL,
      onChange: trigger,
      onError: (error) => log.warn({ resource, error: messageOf(error) }, 'watching failed; it goes on'),
    });
    informers.push(informer);
    return {
      gvr,
      kind,
      live: (name: string) => {
        const found = informer.get(name);
        return found && jsonOf(found);
      },
    };
  }

  function followKinds(version: string, prefix: 'Validating' | 'Mutating'): GeneratedKinds {
    const plural = `${prefix.toLowerCase()}admissionpolicies`;
    const bindings = `${prefix.toLowerCase()}admissionpolicybindings`;
    return {
      policy: follow(version, plural, `${prefix}AdmissionPolicy`),
      binding: follow(version, bindings, `${prefix}AdmissionPolicyBinding`),
    };
  }

  /** The first version of those we know that the API server has. */
  async function openKinds() {
    const served = await client.discovery.resources();
    const versionOf = (resource: string) =>
      VERSIONS.find((version) =>
        served.some((one) => one.group === GROUP && one.version === version && one.resource === resource),
      );
    const version = versionOf('mutatingadmissionpolicies');
    const opened = {
      validating: followKinds('v1', 'Validating'),
      mutating: version === undefined ? undefined : followKinds(version, 'Mutating'),
    };
    await Promise.all(informers.map((informer) => informer.synced));
    return opened;
  }

  function planOf(family: Family, stored: StoredPolicy, served: readonly ApiResource[]): GenerationPlan | undefined {
    const { document, compiled } = stored;
    if (!compiled) return undefined;
    const { exceptions = [], celExceptions = [] } = exceptionsOf(compiled.ref);
    if (family === 'cpol') {
      const rules = objectsAt(document, 'spec', 'rules');
      if (!rules.some((rule) => memberAt(rule, 'validate') !== undefined)) return undefined;
      const named = exceptions.filter((exception) =>
        exception.exceptions.some(
          ({ policyName, ruleNames }) =>
            policyName === compiled.ref.name &&
            ruleNames.some((pattern) => matchWildcard(pattern, textAt(rules[0], 'name'))),
        ),
      );
      return planFromClusterPolicy(document, named, served);
    }
    const labels = memberAt(document, 'metadata', 'labels') ?? {};
    const input = {
      document,
      labels: labels as Readonly<Record<string, string>>, // the API server holds labels to be texts
      exceptions: celExceptions,
      hasAutogen: Object.keys(compiled.autogenConfigs ?? {}).length > 0,
    };
    return family === 'vpol' ? planFromValidatingPolicy(input) : planFromMutatingPolicy(input);
  }

  async function reconcileOne(stored: StoredPolicy, served: readonly ApiResource[]): Promise<Generation | undefined> {
    const family = FAMILIES[String(stored.document['kind'])];
    if (!family || !kinds || (family !== 'mpol' && !settings.generateValidatingAdmissionPolicy)) return undefined;
    const plan = planOf(family, stored, served);
    if (!plan) return undefined;
    const written = family === 'mpol' ? kinds.mutating : kinds.validating;
    if (!written) {
      if ('skip' in plan) return { isServed: false, isWritten: false, message: plan.skip };
      const message =
        'skip generating MutatingAdmissionPolicy: requested but no MutatingAdmissionPolicy API/informers are available.';
      return { isServed: false, isWritten: false, message };
    }
    const name = `${family}-${textAt(stored.document, 'metadata', 'name')}`;
    return generate({ client, kinds: written, plan, owner: stored.document, name, mayWrite: mayWrite() });
  }

  async function reconcile(): Promise<void> {
    kinds ??= await openKinds();
    const served = await client.discovery.resources();
    const { policies } = store.snapshot;
    const before = new Map(known);
    let isChanged = false;
    for (const stored of policies) {
      const found = await reconcileOne(stored, served).catch((error: unknown): Generation => {
        log.warn({ policy: stored.key, error: messageOf(error) }, 'the policy for the API server was not written');
        again(RETRY_MS);
        return { isServed: false, isWritten: false, message: '' };
      });
      const old = before.get(stored.key);
      before.delete(stored.key);
      if (!found) {
        isChanged = known.delete(stored.key) || isChanged;
        continue;
      }
      // An update of ours leaves the API server judging; who judges does not change back and forth for it.
      const isServed = found.isServed || (found.isWritten && old?.isServed === true);
      isChanged ||= old?.isServed !== isServed || old.message !== found.message;
      if (isServed && old?.isServed !== true && mayWrite()) tell(stored);
      known.set(stored.key, { ...found, isServed, since: isServed ? (old?.isServed ? old.since : Date.now()) : 0 });
    }
    for (const key of before.keys()) isChanged = known.delete(key) || isChanged;
    handOver();
    if (isChanged) onChange();
  }

  let handedOver = '';

  function handOver(): void {
    const isOver = (since: number) => Date.now() - since >= HANDOVER_MS;
    const all = [...known].filter(([, { isServed }]) => isServed);
    const keys = all.filter(([, { since }]) => isOver(since)).map(([key]) => key);
    if (keys.length < all.length) again(HANDOVER_MS / 4);
    if (keys.join(' ') === handedOver) return;
    handedOver = keys.join(' ');
    store.setServedElsewhere(new Set(keys));
  }

  function tell({ document }: StoredPolicy): void {
    const kind = String(document['kind']);
    const name = textAt(document, 'metadata', 'name');
    const made = `${FAMILIES[kind]}-${name}`;
    const what = kind === 'MutatingPolicy' ? 'mutating' : 'validating';
    const regarding = {
      apiVersion: document['apiVersion'] ?? '',
      kind,
      name,
      uid: memberAt(document, 'metadata', 'uid') ?? '',
    };
    for (const note of [
      `successfully generated ${what} admission policy ${made} from policy ${name}`,
      `successfully generated ${what} admission policy binding ${made}-binding from policy ${name}`,
    ]) {
      const draft = { reason: 'PolicyApplied', action: 'Resource Generated', note, namespace: 'default' } as const;
      events.tell({ ...draft, regarding }, 'kyverno-generate');
    }
  }

  function again(after: number): void {
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(trigger, after);
  }

  async function run(): Promise<void> {
    while (isWanted && !isStopped) {
      isWanted = false;
      if (!isLoaded()) return; // asked again once they are
      await reconcile().catch((error: unknown) => {
        log.warn({ error: messageOf(error) }, 'policies for the API server were not looked at; it is tried again');
        again(RETRY_MS);
      });
    }
  }

  function trigger(): void {
    isWanted = true;
    running ??= run().finally(() => {
      running = undefined;
      if (isWanted && !isStopped && isLoaded()) trigger();
    });
  }

  return {
    stateOf(key) {
      const found = known.get(key);
      return found ? { generated: found.isServed, message: found.message } : NOT_GENERATED;
    },
    trigger,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
      await Promise.all(informers.map((informer) => informer.stop()));
    },
  };
}
