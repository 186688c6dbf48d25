import {
  type CompiledPolicy,
  type CompileOptions,
  createPolicyIndex,
  type Engine,
  type FailurePolicy,
  loadPolicy,
  type Policy,
  type PolicyIndex,
  type PolicyRef,
  policyId,
  policyKey,
} from '@vouchsafe/engine';
import { compileWildcard, type Diagnostic, isError, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { CEL_FAMILIES, isOfCelFamily } from './cel-families.ts';
import { type AuditOnly, registeredFailurePolicy } from './registered-failure-policy.ts';

/** One policy object of the cluster, and what became of it. */
export interface StoredPolicy {
  /** `kind/namespace/name`. */
  readonly key: string;
  readonly document: JsonObject;
  /** Absent when it does not load or compile: it is then not enforced, and its status says so. */
  readonly compiled: CompiledPolicy | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Everything one request needs to know about policies; never changes. */
export interface PolicySnapshot {
  /**
   * By the webhook that is called for them. `bootstrap`: those that are registered `Fail`, for kinds a cluster needs to
   * boot, which are called `Ignore`; `all`: for scans.
   */
  readonly indexes: Readonly<Record<FailurePolicy | 'bootstrap' | 'all', PolicyIndex>>;
  /** By the path of a family of policies in CEL, which have webhooks of their own: `/vpol`. */
  readonly families: ReadonlyMap<string, PolicyIndex>;
  /** By policy key, which is part of the path: those with `matchConditions`, each of which has webhooks of its own. */
  readonly fineGrained: ReadonlyMap<string, PolicyIndex>;
  readonly policies: readonly StoredPolicy[];
  /** Some rule can verify images of this kind, whether or not it matches a given object. */
  readonly verifiesImagesOf: (kind: string) => boolean;
}

export interface PolicyStore {
  readonly snapshot: PolicySnapshot;
  /** Takes the objects of an informer; compiles only those whose resourceVersion is new. */
  upsert(document: JsonObject): void;
  remove(document: JsonObject): void;
  /** Compiles policies again because the exceptions that name them changed. */
  recompile(isNamed: (ref: PolicyRef) => boolean): void;
  /** By key: policies that the API server judges by itself; scans go on telling of them. */
  setServedElsewhere(keys: ReadonlySet<string>): void;
  /** Called after a batch of changes, with the new snapshot. Returns its own undoing. */
  onChange(listener: (snapshot: PolicySnapshot) => void): () => void;
  /** Makes pending changes visible now rather than at the end of the batch. */
  flush(): void;
}

export interface PolicyStoreOptions {
  readonly engine: Engine;
  readonly auditMutateDigest: 'warn' | 'refuse';
  readonly auditOnly: AuditOnly;
  /** Every policy counts as one with `failurePolicy: Ignore`. */
  readonly forceIgnore?: boolean;
  /** The exceptions in force that name a policy, or the bindings of one of the API server; none when absent. */
  readonly linksOf?: (ref: PolicyRef) => CompileOptions;
  /** Told of each policy that compiles, as it comes, changes and goes. */
  readonly onPolicy?: (policy: CompiledPolicy, change: 'created' | 'updated' | 'deleted') => void;
  /** Milliseconds that changes are gathered before the index is rebuilt. */
  readonly batchMs?: number;
}

const BATCH_MS = 20;

/** Holds the compiled policies. One bad policy never stops the others. */
export function createPolicyStore(options: PolicyStoreOptions): PolicyStore {
  const { auditOnly, onPolicy, batchMs = BATCH_MS } = options;
  const stored = new Map<string, StoredPolicy>();
  const listeners = new Set<(snapshot: PolicySnapshot) => void>();
  let snapshot = toSnapshot([], auditOnly, new Set());
  let servedElsewhere: ReadonlySet<string> = new Set();
  let pending: NodeJS.Timeout | undefined;

  function flush(): void {
    if (!pending) return;
    clearTimeout(pending);
    pending = undefined;
    snapshot = toSnapshot([...stored.values()], auditOnly, servedElsewhere);
    for (const listener of listeners) listener(snapshot);
  }

  function changed(): void {
    pending ??= setTimeout(flush, batchMs);
  }

  return {
    get snapshot() {
      return snapshot;
    },
    upsert(document) {
      const key = keyOf(document);
      const known = stored.get(key);
      if (known && isSameRevision(known.document, document)) return;
      const fresh = { key, document, ...compile(document, options) };
      stored.set(key, fresh);
      if (fresh.compiled) onPolicy?.(fresh.compiled, known ? 'updated' : 'created');
      changed();
    },
    remove(document) {
      const known = stored.get(keyOf(document));
      if (!known) return;
      stored.delete(known.key);
      if (known.compiled) onPolicy?.(known.compiled, 'deleted');
      changed();
    },
    recompile(isNamed) {
      for (const { key, document, compiled } of stored.values()) {
        if (!compiled || !isNamed(compiled.ref)) continue;
        stored.set(key, { key, document, ...compile(document, options) });
        changed();
      }
    },
    setServedElsewhere(keys) {
      servedElsewhere = keys;
      changed();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    flush,
  };
}

export function keyOf(document: JsonObject): string {
  const part = (name: string) => memberAt(document, 'metadata', name) ?? '';
  return `${document['kind']}/${part('namespace')}/${part('name')}`;
}

/** Status writes change the resourceVersion but not what the policy says. */
function isSameRevision(before: JsonObject, after: JsonObject): boolean {
  return (
    ['uid', 'generation'].every((name) => {
      const value = memberAt(after, 'metadata', name);
      return value !== undefined && memberAt(before, 'metadata', name) === value;
    }) &&
    sameText(before, after, 'labels') &&
    sameText(before, after, 'annotations')
  );
}

function sameText(before: JsonObject, after: JsonObject, name: string): boolean {
  return JSON.stringify(memberAt(before, 'metadata', name)) === JSON.stringify(memberAt(after, 'metadata', name));
}

function compile(document: JsonObject, options: PolicyStoreOptions) {
  const { engine, auditMutateDigest, linksOf, forceIgnore = false } = options;
  const loaded = loadPolicy(document, undefined, { auditMutateDigest });
  const policy: Policy | undefined = loaded.policy;
  if (!policy || loaded.diagnostics.some(isError)) return { compiled: undefined, diagnostics: loaded.diagnostics };
  const { compiled, diagnostics } = engine.compile(policy, linksOf?.(policy.ref) ?? {});
  const forced = compiled && forceIgnore ? Object.freeze({ ...compiled, failurePolicy: 'Ignore' as const }) : compiled;
  const own = forced && isOfApiServer(policy.ref) ? withoutAdmission(forced) : forced;
  return { compiled: own, diagnostics: [...loaded.diagnostics, ...diagnostics] };
}

/** Kubernetes' own policies: scans tell of them, and the API server judges. */
export function isOfApiServer({ apiVersion }: PolicyRef): boolean {
  return apiVersion.startsWith('admissionregistration.k8s.io/');
}

const unadmitted = new WeakMap<CompiledPolicy, CompiledPolicy>();

/** A policy that only scans judge. */
function withoutAdmission(policy: CompiledPolicy): CompiledPolicy {
  const known = unadmitted.get(policy) ?? Object.freeze({ ...policy, admission: false });
  unadmitted.set(policy, known);
  return known;
}

/** Kyverno evaluates policies in the order of their names, cluster policies first. */
function toSnapshot(
  policies: readonly StoredPolicy[],
  auditOnly: AuditOnly,
  servedElsewhere: ReadonlySet<string>,
): PolicySnapshot {
  const ordered = [...policies].sort((a, b) => (a.key < b.key ? -1 : 1));
  const compiled = ordered.flatMap(({ key, compiled: one }) =>
    one ? [servedElsewhere.has(key) ? withoutAdmission(one) : one] : [],
  );
  const admitted = compiled.filter(({ admission }) => admission);
  const legacy = admitted.filter(({ ref }) => !isOfCelFamily(ref));
  const shared = legacy.filter(({ matchConditions }) => matchConditions === undefined);
  const own = legacy.filter(({ matchConditions }) => matchConditions !== undefined);
  const registered = (as: FailurePolicy, of: readonly CompiledPolicy[]) =>
    createPolicyIndex(of.filter((policy) => registeredFailurePolicy(policy, auditOnly) === as));
  return {
    indexes: {
      Fail: registered('Fail', shared),
      Ignore: registered('Ignore', shared),
      bootstrap: registered('Fail', legacy),
      all: createPolicyIndex(compiled),
    },
    families: new Map(
      CEL_FAMILIES.map(({ path, kinds }) => [
        path,
        createPolicyIndex(admitted.filter(({ ref }) => kinds.includes(ref.kind))),
      ]),
    ),
    fineGrained: new Map(own.map((policy) => [policyKey(policy.ref), createPolicyIndex([policy])])),
    policies: ordered,
    verifiesImagesOf: verifiedKinds(legacy),
  };
}

/** The compiled policies of a snapshot by `policyId`, computed once a snapshot. */
export function compiledById(snapshot: PolicySnapshot): ReadonlyMap<string, CompiledPolicy> {
  let known = byId.get(snapshot);
  if (!known) {
    known = new Map(snapshot.indexes.all.policies.map((policy) => [policyId(policy.ref), policy]));
    byId.set(snapshot, known);
  }
  return known;
}

const byId = new WeakMap<PolicySnapshot, ReadonlyMap<string, CompiledPolicy>>();

function verifiedKinds(policies: readonly CompiledPolicy[]): (kind: string) => boolean {
  const kinds = policies.flatMap(({ selectors }) =>
    // Policies in CEL name resources in place of kinds, and write no outcomes that could be forged.
    selectors.flatMap(({ phases, kind, resource }) =>
      phases.has('verify-images') && resource === undefined ? [kind] : [],
    ),
  );
  const exact = new Set(kinds);
  const patterns = [...exact]
    .filter((kind) => kind.includes('*') || kind.includes('?'))
    .map((kind) => compileWildcard(kind));
  return (kind) => exact.has(kind) || patterns.some((matches) => matches(kind));
}
