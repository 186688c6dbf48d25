import type { JsonObject } from '../../kernel/json.ts';
import { member } from '../../kernel/json.ts';
import { toFailureAction } from '../../model/failure-action.ts';
import { readFlag, readList, readNumber, readObject, readObjects, readText, readTexts } from '../../model/read-json.ts';
import { checkConditionBlocks, checkConditions } from './check-conditions.ts';
import { checkImageExtractors } from './check-image-extractors.ts';
import type { RulePlace } from './check-rule.ts';
import type { Problems } from './problems.ts';

/** The entries of a verifyImages rule (kyverno-core §3.9). */
export function checkVerifyImages(rule: JsonObject, place: RulePlace, problems: Problems): void {
  checkImageExtractors(rule, place, problems);
  const entries = readObjects(rule, 'verifyImages');
  let action = place.policyAction;
  for (const [index, entry] of entries.entries()) {
    // As upstream, an entry without an action of its own inherits that of the entry before it.
    action = toFailureAction(readText(entry, 'failureAction')) ?? action;
    checkEntry(entry, action, `${place.path}.verifyImages[${index}]`, place, problems);
  }
  if (entries.some(pinsDigest) && usesJmesPath(readObject(rule, 'imageExtractors'))) {
    const message = 'jmespath may not be used in an image extractor when mutating digests with verify images';
    problems.error(`${place.path}.imageExtractors`, message, 'policy-conflict');
  }
}

function pinsDigest(entry: JsonObject): boolean {
  return readFlag(entry, 'mutateDigest') ?? true;
}

function usesJmesPath(extractors: JsonObject | undefined): boolean {
  return Object.keys(extractors ?? {}).some((kind) =>
    readObjects(extractors, kind).some((entry) => readText(entry, 'jmesPath')),
  );
}

function checkEntry(entry: JsonObject, action: string, path: string, place: RulePlace, problems: Problems): void {
  if (action === 'Audit' && pinsDigest(entry)) checkAuditDigest(entry, path, place, problems);
  const references = [...readTexts(entry, 'imageReferences'), readText(entry, 'image') ?? ''].filter(Boolean);
  if (references.length === 0) problems.error(path, 'An image reference is required', 'policy-missing-field');
  for (const [index, reference] of references.entries()) {
    if (!reference.includes('{{')) continue;
    const message = `policy contains invalid variables: rule "${place.name}" should not have variables in image reference section`;
    problems.error(`${path}.imageReferences[${index}]`, message, 'variable-not-allowed');
  }
  checkSets(readObjects(entry, 'attestors'), `${path}.attestors`, problems, 0);
  for (const [index, attestation] of readObjects(entry, 'attestations').entries()) {
    checkAttestation(attestation, `${path}.attestations[${index}]`, problems);
  }
  if (readText(entry, 'type') === 'Notary') checkNotary(entry, path, problems);
  const deny = readObject(readObject(entry, 'validate'), 'deny');
  if (deny) checkConditions(member(deny, 'conditions'), `${path}.validate.deny.conditions`, problems);
}

const AUDIT_DIGEST = 'mutateDigest must be set to false for ‘Audit’ failure action';

function checkAuditDigest(entry: JsonObject, path: string, { options }: RulePlace, problems: Problems): void {
  const place = `${path}.mutateDigest`;
  if (options.auditMutateDigest === 'refuse') problems.error(place, AUDIT_DIGEST, 'policy-conflict');
  else {
    const given = member(entry, 'mutateDigest') === true ? 'is true' : 'is true by default';
    const message = `mutateDigest ${given} although the failure action is Audit: images that verify are pinned, others are admitted as they are`;
    problems.warning(
      place,
      message,
      'policy-conflict',
      'Kyverno refuses this policy; set `mutateDigest: false` to keep it portable',
    );
  }
}

function checkAttestation(attestation: JsonObject, path: string, problems: Problems): void {
  const predicateType = readText(attestation, 'predicateType');
  if (predicateType) {
    const message = `predicateType has been deprecated use 'type: ${predicateType}' instead of 'predicateType: ${predicateType}'`;
    problems.warning(`${path}.predicateType`, message);
  }
  checkSets(readObjects(attestation, 'attestors'), `${path}.attestors`, problems, 0);
  checkConditionBlocks(readList(attestation, 'conditions'), `${path}.conditions`, problems);
}

/** As deep as attestors may be nested; the engine takes a deeper one as never satisfied. */
const NESTING = 8;

function checkSets(sets: readonly JsonObject[], path: string, problems: Problems, depth: number): void {
  for (const [index, set] of sets.entries()) checkSet(set, `${path}[${index}]`, problems, depth);
}

function checkSet(set: JsonObject, path: string, problems: Problems, depth: number): void {
  const entries = readObjects(set, 'entries');
  const count = readNumber(set, 'count');
  if (count !== undefined && count > entries.length) problems.error(path, 'Count cannot exceed length of entries');
  if (entries.length === 0) problems.error(path, 'An entry is required', 'policy-missing-field');
  for (const [index, entry] of entries.entries()) checkAttestor(entry, `${path}.entries[${index}]`, problems, depth);
}

const ATTESTORS = ['keys', 'certificates', 'keyless', 'attestor'] as const;
const ALGORITHMS = ['', 'sha224', 'sha256', 'sha384', 'sha512'];

function checkAttestor(entry: JsonObject, path: string, problems: Problems, depth: number): void {
  if (ATTESTORS.filter((key) => readObject(entry, key)).length !== 1) {
    problems.error(path, 'keys, certificates, keyless, or a nested attestor is required', 'policy-missing-field');
  }
  const keys = readObject(entry, 'keys');
  if (keys) checkKeys(keys, `${path}.keys`, problems);
  const certificates = readObject(entry, 'certificates');
  if (certificates && !readText(certificates, 'cert') && !readText(certificates, 'certChain')) {
    problems.error(`${path}.certificates`, 'cert or certChain required', 'policy-missing-field');
  }
  const keyless = readObject(entry, 'keyless');
  if (keyless) checkKeyless(keyless, `${path}.keyless`, problems);
  const nested = readObject(entry, 'attestor');
  if (!nested) return;
  if (depth >= NESTING) problems.error(`${path}.attestor`, `attestors are nested deeper than ${NESTING} levels`);
  else checkSet(nested, `${path}.attestor`, problems, depth + 1);
}

function checkKeys(keys: JsonObject, path: string, problems: Problems): void {
  if (!readText(keys, 'publicKeys') && !readText(keys, 'kms') && !readObject(keys, 'secret')) {
    problems.error(path, 'A public key, kms key or secret is required', 'policy-missing-field');
  }
  if (readText(keys, 'publicKeys') && !ALGORITHMS.includes(readText(keys, 'signatureAlgorithm') ?? '')) {
    problems.error(`${path}.signatureAlgorithm`, 'Invalid signature algorithm provided');
  }
}

function checkKeyless(keyless: JsonObject, path: string, problems: Problems): void {
  const rekor = readObject(keyless, 'rekor');
  if (!rekor && !readText(keyless, 'roots')) {
    problems.error(path, 'Either Rekor URL or roots are required', 'policy-missing-field');
  }
  if (rekor && !readText(rekor, 'url')) problems.error(path, 'An URL is required', 'policy-missing-field');
  checkIdentity(keyless, path, problems);
}

/** Ours: a keyless attestor that anyone with an account at the issuer satisfies deserves a word. */
function checkIdentity(keyless: JsonObject, path: string, problems: Problems): void {
  const hasIssuer = Boolean(readText(keyless, 'issuer') || readText(keyless, 'issuerRegExp'));
  const hasSubject = Boolean(readText(keyless, 'subject') || readText(keyless, 'subjectRegExp'));
  if (hasIssuer && hasSubject) return;
  const missing = hasIssuer ? 'subject' : hasSubject ? 'issuer' : 'subject and issuer';
  const message = `no ${missing} is demanded: a signature by anyone else there passes too`;
  problems.warning(path, message, 'policy-invalid-value', 'set `issuer` and `subject`, or their RegExp forms');
}

function checkNotary(entry: JsonObject, path: string, problems: Problems): void {
  for (const set of readObjects(entry, 'attestors')) {
    for (const attestor of readObjects(set, 'entries')) {
      const place = `${path}.attestors`;
      if (readObject(attestor, 'keyless'))
        problems.error(place, 'Keyless field is not allowed for type notary', 'policy-conflict');
      if (readObject(attestor, 'keys'))
        problems.error(place, 'Keys field is not allowed for type notary', 'policy-conflict');
    }
  }
}
