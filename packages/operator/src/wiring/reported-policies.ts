import { type CompileOptions, loadPolicy, type PolicyRef } from '@vouchsafe/engine';
import { isError, memberAt } from '@vouchsafe/engine/kernel';
import {
  type GroupVersionResource,
  type Informer,
  type KubeClient,
  startInformer,
  toApiVersion,
} from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';
import { isOfApiServer, type PolicyStore } from '../store/policy-store.ts';

/** The API server's own policies that reports tell of (kyverno-core §1.8.3). */
export interface ReportedPolicies {
  /** The bindings of one of them; undefined for a policy of another kind. */
  bindingsOf(ref: PolicyRef): CompileOptions | undefined;
  /** Begins to follow them. */
  start(store: Pick<PolicyStore, 'upsert' | 'remove' | 'recompile'>): void;
  /** Resolves when those that exist are known. */
  readonly synced: Promise<unknown>;
  stop(): Promise<void>;
}

const GROUP = 'admissionregistration.k8s.io';
const VERSIONS = ['v1', 'v1beta1', 'v1alpha1'];
const REPORTED = 'reports.kyverno.io/enabled=true';
const NOT_DISABLED = '!reports.kyverno.io/disabled';

export function createReportedPolicies(
  client: KubeClient,
  settings: Pick<OperatorSettings, 'validatingAdmissionPolicyReports' | 'mutatingAdmissionPolicyReports'>,
  log: Logger,
): ReportedPolicies {
  const informers: Informer[] = [];
  const bindings = new Map<string, Informer>();
  const synced = Promise.withResolvers<unknown>();
  let isStopped = false;

  function follow(
    gvr: GroupVersionResource,
    kind: string,
    labelSelector: string,
    onChange: (type: string, object: ReturnType<typeof jsonOf>) => void,
  ): Informer {
    const apiVersion = toApiVersion(gvr);
    const informer = startInformer({
      client,
      gvr,
      labelSelector,
      onChange: ({ type, object }) => onChange(type, { ...jsonOf(object), apiVersion, kind }),
      onError: (error) => log.warn({ resource: gvr.resource, error: messageOf(error) }, 'watching failed; it goes on'),
    });
    informers.push(informer);
    return informer;
  }

  async function open(
    prefix: 'Validating' | 'Mutating',
    store: Parameters<ReportedPolicies['start']>[0],
  ): Promise<void> {
    const kind = `${prefix}AdmissionPolicy`;
    const resource = `${prefix.toLowerCase()}admissionpolicies`;
    const served = await client.discovery.resources();
    const version = VERSIONS.find((one) =>
      served.some((known) => known.group === GROUP && known.version === one && known.resource === resource),
    );
    if (version === undefined || isStopped) return;
    const bound = `${prefix.toLowerCase()}admissionpolicybindings`;
    const gvr = { group: GROUP, version, resource };
    // The bindings first: a policy without any counts as bound to everything.
    const known = follow({ ...gvr, resource: bound }, `${kind}Binding`, NOT_DISABLED, (_, object) => {
      const name = memberAt(object, 'spec', 'policyName');
      store.recompile((ref) => ref.kind === kind && ref.name === name);
    });
    bindings.set(kind, known);
    await known.synced;
    const policies = follow(gvr, kind, REPORTED, (type, object) =>
      type === 'deleted' ? store.remove(object) : store.upsert(object),
    );
    await policies.synced;
  }

  return {
    bindingsOf(ref) {
      if (!isOfApiServer(ref)) return undefined;
      const objects = bindings.get(ref.kind)?.list() ?? [];
      const loaded = objects.flatMap((object) => {
        if (memberAt(jsonOf(object), 'spec', 'policyName') !== ref.name) return [];
        const document = { ...jsonOf(object), apiVersion: ref.apiVersion, kind: `${ref.kind}Binding` };
        const { binding, diagnostics } = loadPolicy(document);
        return binding && !diagnostics.some(isError) ? [binding] : [];
      });
      return { bindings: loaded };
    },
    start(store) {
      const wanted = [
        ...(settings.validatingAdmissionPolicyReports ? (['Validating'] as const) : []),
        ...(settings.mutatingAdmissionPolicyReports ? (['Mutating'] as const) : []),
      ];
      const opened = Promise.all(wanted.map((prefix) => open(prefix, store))).catch((error: unknown) =>
        log.warn({ error: messageOf(error) }, "the API server's own policies are not in reports"),
      );
      synced.resolve(opened);
    },
    synced: synced.promise,
    async stop() {
      isStopped = true;
      await Promise.all(informers.map((informer) => informer.stop()));
    },
  };
}
