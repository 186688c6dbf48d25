import {
  type CelPolicyException,
  type CompileOptions,
  type LoadedObject,
  loadPolicy,
  type PolicyException,
  type PolicyRef,
  policyKey,
} from '@vouchsafe/engine';
import { type Diagnostic, isEqualJson, isError, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';

/** Whether a policy is one of those an exception names, or named before it changed. */
export type IsNamed = (ref: PolicyRef) => boolean;

/** The PolicyExceptions in force, those of kyverno.io and of policies.kyverno.io. Those that do not load excuse nothing. */
export interface ExceptionStore {
  /** Takes an object of the cluster. `undefined` when nothing changed for any policy. */
  upsert(document: JsonObject): IsNamed | undefined;
  remove(document: JsonObject): IsNamed | undefined;
  /** Those that name a policy, in the order of their keys. */
  naming(ref: PolicyRef): CompileOptions;
}

export interface ExceptionStoreOptions {
  /** Told why one is not in force. */
  readonly onProblem: (key: string, diagnostics: readonly Diagnostic[]) => void;
}

interface Known {
  readonly document: JsonObject;
  readonly loaded: Pick<LoadedObject, 'exception' | 'celException'>;
}

export function createExceptionStore({ onProblem }: ExceptionStoreOptions): ExceptionStore {
  const known = new Map<string, Known>();
  return {
    upsert(document) {
      const key = keyOf(document);
      const before = known.get(key);
      if (before && isEqualJson(said(before.document), said(document))) return undefined;
      const loaded = loadPolicy(document);
      const isBad = loaded.diagnostics.some(isError);
      if (isBad) onProblem(nameOf(document), loaded.diagnostics);
      const current: Known = { document, loaded: isBad ? {} : loaded };
      known.set(key, current);
      return (ref) => names(current, ref) || (before !== undefined && names(before, ref));
    },
    remove(document) {
      const key = keyOf(document);
      const before = known.get(key);
      known.delete(key);
      return before && ((ref) => names(before, ref));
    },
    naming(ref) {
      const found = [...known.values()].filter((one) => names(one, ref));
      return {
        exceptions: found.flatMap(({ loaded }) => loaded.exception ?? []).sort(byKey),
        celExceptions: found.flatMap(({ loaded }) => loaded.celException ?? []).sort(byKey),
      };
    },
  };
}

/** What a change of it means: its priority is a label. */
function said(document: JsonObject): JsonObject {
  const labels = memberAt(document, 'metadata', 'labels') ?? {};
  return { spec: memberAt(document, 'spec') ?? {}, labels };
}

function names({ loaded: { exception, celException } }: Known, ref: PolicyRef): boolean {
  return (
    exception?.exceptions.some(({ policyName }) => isLegacy(ref) && policyName === policyKey(ref)) === true ||
    celException?.policyRefs.some(({ name, kind }) => name === ref.name && kind === ref.kind) === true
  );
}

function isLegacy({ apiVersion }: PolicyRef): boolean {
  return apiVersion.startsWith('kyverno.io/');
}

function byKey(a: PolicyException | CelPolicyException, b: PolicyException | CelPolicyException): number {
  return a.key < b.key ? -1 : 1;
}

/** The two groups have a kind of the same name. */
function keyOf(document: JsonObject): string {
  const group = String(document['apiVersion']).split('/')[0] ?? '';
  return `${group}/${nameOf(document)}`;
}

function nameOf(document: JsonObject): string {
  return `${memberAt(document, 'metadata', 'namespace') ?? ''}/${memberAt(document, 'metadata', 'name') ?? ''}`;
}
