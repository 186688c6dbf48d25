import type { JsonObject } from '../../kernel/json.ts';
import { member } from '../../kernel/json.ts';
import { readObjects } from '../../model/read-json.ts';
import type { Problems } from './problems.ts';

/** Any of these asks for a signature; the last four are the deprecated forms of attestors. */
const ASKING = ['attestors', 'attestations', 'key', 'subject', 'issuer', 'roots'] as const;
const NONE = 'without attestors no signature is asked for: images are pinned to their digests, signed or not';

/** An entry that names images and nobody who signs them admits them all (kyverno-core §3.9), whatever its rule is called. */
export function checkUnsignedEntries(spec: JsonObject, problems: Problems): void {
  for (const [index, rule] of readObjects(spec, 'rules').entries()) {
    for (const [at, entry] of readObjects(rule, 'verifyImages').entries()) {
      if (ASKING.some((key) => isFilled(entry, key))) continue;
      problems.warning(`spec.rules[${index}].verifyImages[${at}]`, NONE, 'policy-invalid-value');
    }
  }
}

function isFilled(entry: JsonObject, key: string): boolean {
  const value = member(entry, key);
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== '';
}
