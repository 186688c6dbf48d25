import type { AttestorSet } from '../../../facts/attestor.ts';
import { Need, orNeed } from '../../../facts/fact-table.ts';
import type { AttestorOutcome, AttestorSetOutcome } from '../../../facts/image-verification.ts';
import type { ManifestSignature } from '../../../facts/manifest-verification.ts';
import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { isJsonObject, type JsonObject, member } from '../../../kernel/json.ts';
import { parseGoYamlDocuments } from '../../../lang/jmespath/go-yaml.ts';
import type { RuleInput } from '../../../model/compiled-policy.ts';
import { toAttestorSet } from '../../../model/image-verification-document.ts';
import { readObject, readObjects, readText, readTextMap } from '../../../model/read-json.ts';
import type { RuleBodyOutcome, RuleEvaluation } from '../../rule-kind.ts';
import { compileIgnoredFields, type IgnoresDifference } from './ignored-fields.ts';
import { type FieldDifference, findDifferences } from './manifest-difference.ts';
import { isSignatureAnnotation, readSignedAnnotations } from './signed-annotations.ts';

/**
 * `validate.manifests` (kyverno-core §2.9): the object must be what a manifest says that it carries, signed, in its
 * annotations. Only signatures of a manifest that the object equals are asked about, so that none of another manifest
 * counts. Fails closed: without an answer the rule is an error, without a signature it fails.
 */
export function compileManifests(manifests: JsonObject): (evaluation: RuleEvaluation) => RuleBodyOutcome | undefined {
  const attestors = readObjects(manifests, 'attestors').map((set) => toAttestorSet(set));
  const domain = readText(manifests, 'annotationDomain') ?? '';
  const ignoredIn = compileIgnoredFields(manifests);
  const wanted = namesOfAnnotations(attestors);
  return ({ input }) => {
    const { request, resource } = input;
    if (request.operation === 'DELETE') return undefined;
    if (request.dryRun) return { status: 'pass', message: 'allowed because of DryRun request' };
    const annotations = readTextMap(readObject(resource, 'metadata'), 'annotations');
    const { signatures, reference } = readSignedAnnotations(annotations, domain);
    if (signatures.length === 0) return unsigned(attestors, reference);
    const ignores = ignoredIn(resource);
    const compared = compareAll(signatures, input, (difference) => {
      const [first, second, key] = difference.path;
      const isOwn = first === 'metadata' && second === 'annotations' && isSignatureAnnotation(String(key), domain);
      return isOwn || ignores(difference);
    });
    if (typeof compared === 'string') return unmatched(attestors, compared);
    if (!Array.isArray(compared)) return compared;
    const fact = input.facts.manifestVerification({
      kind: 'manifest-verification',
      signatures: compared,
      attestors,
      annotations: pick(annotations, wanted),
    });
    if (!fact.ok) return erred(fact.message);
    const { sets, verified } = fact.value;
    if (sets.length !== attestors.length) return erred('the answer is about other attestors');
    const refused = sets.find((set) => !isSatisfied(set));
    if (refused) return failed(refused, refused.entries.flatMap(reasonsOf));
    if (!verified) return erred('the answer contradicts itself');
    const messages = sets.map(
      (set) =>
        `manifest verification succeeded; verifiedCount ${set.verifiedCount}; requiredCount ${set.requiredCount}; message ${set.entries
          .filter((entry) => entry.verified)
          .map(({ signer }) => `singed by a valid signer: ${signer?.subject ?? signer?.key ?? ''}`)
          .join(',')}`,
    );
    return { status: 'pass', message: `verified manifest signatures; ${messages.join(',')}` };
  };
}

function erred(message: string): RuleBodyOutcome {
  return { status: 'error', message: `error occurred during manifest verification: ${message}` };
}

function failed(
  { verifiedCount, requiredCount }: Pick<AttestorSetOutcome, 'verifiedCount' | 'requiredCount'>,
  reasons: readonly string[],
): RuleBodyOutcome {
  const counts = `verifiedCount ${verifiedCount}; requiredCount ${requiredCount}`;
  return { status: 'fail', message: `manifest verification failed; ${counts}; message ${reasons.join(',')}` };
}

function unsigned(attestors: readonly AttestorSet[], reference: string | undefined): RuleBodyOutcome {
  const reason =
    reference === undefined
      ? 'no signature found in the annotations'
      : 'the signature is in a registry, where it is not looked for: sign into the annotations';
  return unmatched(attestors, reason);
}

/** The first set is refused whatever it names. */
function unmatched([set]: readonly AttestorSet[], reason: string): RuleBodyOutcome {
  const requiredCount = set?.count ?? set?.entries.length ?? 1;
  return failed({ verifiedCount: 0, requiredCount }, [`.attestors[0]: ${reason}`]);
}

function isSatisfied({ verifiedCount, requiredCount }: AttestorSetOutcome): boolean {
  return requiredCount > 0 && verifiedCount >= requiredCount;
}

function reasonsOf({ verified, path, failures }: AttestorOutcome): readonly string[] {
  return verified ? [] : [`${path}: ${failures.map(({ message }) => message).join('; ') || 'not verified'}`];
}

/** The signatures whose manifest the object equals, or why there is none: a text, or an error. */
function compareAll(
  signatures: readonly ManifestSignature[],
  input: RuleInput,
  ignores: IgnoresDifference,
): ManifestSignature[] | RuleBodyOutcome | string {
  const fitting: ManifestSignature[] = [];
  const needs: Need[] = [];
  let problem: string | undefined;
  for (const signature of signatures) {
    const fact = orNeed(() => input.facts.signedMessage(signature.message));
    if (fact instanceof Need) {
      needs.push(fact);
      continue;
    }
    if (!fact.ok && fact.class !== 'permanent') return erred(fact.message);
    const why = fact.ok ? whyDifferent(fact.value.manifests, input.resource, ignores) : fact.message;
    if (why === undefined) fitting.push(signature);
    else problem ??= why;
  }
  const [need] = needs;
  if (need) throw need;
  if (fitting.length > 0) return fitting;
  return `failed to verify signature. ${problem ?? ''}`;
}

function whyDifferent(texts: readonly string[], object: JsonObject, ignores: IgnoresDifference): string | undefined {
  let nearest: readonly FieldDifference[] | undefined;
  for (const text of texts) {
    const documents = parseGoYamlDocuments(text);
    if (documents instanceof EvaluationError) continue;
    for (const manifest of documents.filter(isJsonObject)) {
      if (!isAbout(manifest, object)) continue;
      const differences = findDifferences(manifest, object).filter((difference) => !ignores(difference));
      if (differences.length === 0) return undefined;
      if (!nearest || differences.length < nearest.length) nearest = differences;
    }
  }
  return nearest ? `diff found; ${shown(nearest)}` : 'no signed manifest is about this object';
}

/** The same kind and name; a manifest that names no namespace is about any. */
function isAbout(manifest: JsonObject, object: JsonObject): boolean {
  const [own, other] = [readObject(manifest, 'metadata'), readObject(object, 'metadata')];
  const namespace = readText(own, 'namespace');
  return (
    member(manifest, 'apiVersion') === member(object, 'apiVersion') &&
    member(manifest, 'kind') === member(object, 'kind') &&
    readText(own, 'name') === readText(other, 'name') &&
    (namespace === undefined || namespace === readText(other, 'namespace'))
  );
}

const SHOWN = 5;

/** As upstream writes differences; values are left out, for they may be secrets. */
function shown(differences: readonly FieldDifference[]): string {
  const keys = differences.slice(0, SHOWN).map(({ path }) => path.join('.'));
  const more = differences.length > SHOWN ? `, and ${differences.length - SHOWN} more` : '';
  return `${keys.join(', ')}${more}`;
}

function namesOfAnnotations(attestors: readonly AttestorSet[]): ReadonlySet<string> {
  const names = new Set<string>();
  const open = [...attestors];
  for (let set = open.pop(); set; set = open.pop()) {
    for (const entry of set.entries) {
      for (const name of Object.keys(entry.annotations ?? {})) names.add(name);
      if (entry.attestor) open.push(entry.attestor);
    }
  }
  return names;
}

function pick(annotations: Readonly<Record<string, string>>, names: ReadonlySet<string>): Record<string, string> {
  const picked: Record<string, string> = Object.create(null);
  for (const name of names) {
    const text = Object.hasOwn(annotations, name) ? annotations[name] : undefined;
    if (text !== undefined) picked[name] = text;
  }
  return picked;
}
