import { loadPolicy, type PolicyException } from '@vouchsafe/engine';
import { type Diagnostic, isEqualJson, isError, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';

/** The PolicyExceptions in force. Those that do not load excuse nothing. */
export interface ExceptionStore {
  /** Takes an object of the cluster; the keys of the policies that it names, or named before. */
  upsert(document: JsonObject): readonly string[];
  /** The keys of the policies that it named. */
  remove(document: JsonObject): readonly string[];
  /** Those that name a policy, in the order of their keys. */
  naming(policyKey: string): readonly PolicyException[];
}

export interface ExceptionStoreOptions {
  /** Told why one is not in force. */
  readonly onProblem: (key: string, diagnostics: readonly Diagnostic[]) => void;
}

export function createExceptionStore({ onProblem }: ExceptionStoreOptions): ExceptionStore {
  const known = new Map<string, { readonly document: JsonObject; readonly exception: PolicyException | undefined }>();

  return {
    upsert(document) {
      const key = keyOf(document);
      const before = known.get(key);
      if (before && isEqualJson(memberAt(before.document, 'spec'), memberAt(document, 'spec'))) return [];
      const { exception, diagnostics } = loadPolicy(document);
      const isBad = diagnostics.some(isError);
      if (isBad) onProblem(key, diagnostics);
      const current = isBad ? undefined : exception;
      known.set(key, { document, exception: current });
      return policiesOf(before?.exception, current);
    },
    remove(document) {
      const key = keyOf(document);
      const before = known.get(key);
      known.delete(key);
      return policiesOf(before?.exception);
    },
    naming: (policyKey) =>
      [...known.values()]
        .flatMap(({ exception }) => exception ?? [])
        .filter(({ exceptions }) => exceptions.some(({ policyName }) => policyName === policyKey))
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
  };
}

function keyOf(document: JsonObject): string {
  return `${memberAt(document, 'metadata', 'namespace') ?? ''}/${memberAt(document, 'metadata', 'name') ?? ''}`;
}

function policiesOf(...exceptions: readonly (PolicyException | undefined)[]): readonly string[] {
  const names = exceptions.flatMap((exception) => exception?.exceptions ?? []).map(({ policyName }) => policyName);
  return [...new Set(names)];
}
