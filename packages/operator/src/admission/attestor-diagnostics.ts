import { type Policy, rulesOf } from '@vouchsafe/engine';
import { type Diagnostic, isJsonArray, type Json, memberAt } from '@vouchsafe/engine/kernel';
import { checkAttestor } from '@vouchsafe/images';
import { diagnoseImagePolicy } from './image-policy-diagnostics.ts';

type Rule = ReturnType<typeof rulesOf>[number];
type Entry = Rule['verifyImages'][number];
type Sets = Entry['attestors'];

/** What deprecated members of an entry were turned into attestors by the loader. */
const DEPRECATED: Readonly<Record<string, string>> = { 'keys.publicKeys': 'key', 'keyless.roots': 'roots' };

/**
 * Keys, certificates and expressions of a policy that can never verify an image, each with its path. The engine reads no
 * keys, so this is asked where policies are submitted: a typing error is told at once rather than as a refused Pod.
 */
export function diagnoseAttestors(policy: Policy): readonly Diagnostic[] {
  if (policy.family === 'cel') return policy.kind === 'ImageValidatingPolicy' ? diagnoseImagePolicy(policy) : [];
  return rulesOf(policy).flatMap((rule, index) =>
    rule.verifyImages.flatMap((entry, at) =>
      diagnoseEntry(
        entry,
        `${rule.path}.verifyImages[${at}]`,
        itemOf(memberAt(itemOf(memberAt(policy.document, 'spec', 'rules'), index), 'verifyImages'), at),
      ),
    ),
  );
}

function diagnoseEntry(entry: Entry, path: string, written: Json | undefined): readonly Diagnostic[] {
  const own = diagnoseSets(entry.attestors, path, written);
  const attested = entry.attestations.flatMap(({ attestors }, index) =>
    diagnoseSets(attestors, `${path}.attestations[${index}]`, itemOf(memberAt(written, 'attestations'), index), path),
  );
  return unique([...own, ...attested]);
}

function diagnoseSets(sets: Sets, path: string, written: Json | undefined, owner = path): readonly Diagnostic[] {
  const list = memberAt(written, 'attestors');
  const count = isJsonArray(list) ? list.length : 0;
  return sets.flatMap(({ entries }, set) =>
    entries.flatMap((attestor, index) =>
      checkAttestor(attestor).map((problem): Diagnostic => {
        const place =
          set < count
            ? `${path}.attestors[${set}].entries[${index}].${problem.path}`
            : `${owner}.${DEPRECATED[problem.path] ?? problem.path}`;
        const code = problem.path.endsWith('RegExp') ? 'regexp-syntax' : 'key-material';
        return { code, severity: 'error', path: place, message: problem.message };
      }),
    ),
  );
}

function itemOf(list: Json | undefined, index: number): Json | undefined {
  return isJsonArray(list) ? list[index] : undefined;
}

/** A deprecated key of an entry counts for each of its attestations; it is told once. */
function unique(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [
    ...new Map(diagnostics.map((diagnostic) => [`${diagnostic.path} ${diagnostic.message}`, diagnostic])).values(),
  ];
}
