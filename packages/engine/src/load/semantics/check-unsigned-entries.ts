import type { JsonObject } from '../../kernel/json.ts';
import { member } from '../../kernel/json.ts';
import { readFlag, readObjects } from '../../model/read-json.ts';
import type { Problems } from './problems.ts';

/** Any of these asks for a signature; the last four are the deprecated forms of attestors. */
const ASKING = ['attestors', 'attestations', 'key', 'subject', 'issuer', 'roots'] as const;
const REFUSES = 'without attestors no image counts as verified, and `required` fails each of them: name who signs';
const PINS = 'without attestors no signature is asked for: images are pinned at most, signed or not';

/**
 * An entry that names images and nobody who signs them: with `required`, which holds unless told, it fails them all,
 * otherwise it passes them all (kyverno-core §3.2). Neither is what a rule of this kind is written for.
 */
export function checkUnsignedEntries(spec: JsonObject, problems: Problems): void {
  for (const [index, rule] of readObjects(spec, 'rules').entries()) {
    for (const [at, entry] of readObjects(rule, 'verifyImages').entries()) {
      if (ASKING.some((key) => isFilled(entry, key))) continue;
      const problem = (readFlag(entry, 'required') ?? true) ? REFUSES : PINS;
      problems.warning(`spec.rules[${index}].verifyImages[${at}]`, problem, 'policy-invalid-value');
    }
  }
}

function isFilled(entry: JsonObject, key: string): boolean {
  const value = member(entry, key);
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== '';
}
