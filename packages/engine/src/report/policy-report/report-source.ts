import type { PolicyRef } from '../../model/decision.ts';
import { isCelPolicy } from '../../model/decision.ts';

/** Sources of results by the kind of their policy, `Namespaced` left out; all others are from `kyverno` (kyverno-cel §7.2). */
const SOURCES: ReadonlyMap<string, string> = new Map([
  ['ValidatingPolicy', 'KyvernoValidatingPolicy'],
  ['MutatingPolicy', 'KyvernoMutatingPolicy'],
  ['ImageValidatingPolicy', 'KyvernoImageValidatingPolicy'],
  ['GeneratingPolicy', 'KyvernoGeneratingPolicy'],
  ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicy'],
  ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicy'],
]);

/** The `source` of an entry. */
export function reportSource(ref: PolicyRef): string {
  return (isCelPolicy(ref) ? SOURCES.get(kindOf(ref)) : undefined) ?? 'kyverno';
}

const BACKGROUND = 'background scan';
const ADMISSION = 'admission review';

/** The property `process`; kinds in CEL have it even when it is empty. */
export function reportProcess(
  ref: PolicyRef,
  { background, admission }: { readonly background: boolean; readonly admission: boolean },
): string | undefined {
  const process = background ? BACKGROUND : admission ? ADMISSION : '';
  if (!isCelPolicy(ref)) return process || undefined;
  switch (kindOf(ref)) {
    case 'GeneratingPolicy':
      return ADMISSION;
    case 'DeletingPolicy':
      return '';
    case 'ValidatingAdmissionPolicy':
    case 'MutatingAdmissionPolicy':
      return BACKGROUND;
    default:
      return process;
  }
}

function kindOf({ kind }: PolicyRef): string {
  return kind.replace(/^Namespaced/, '');
}
