import type { Attestor, KeylessAttestor } from '@vouchsafe/engine/facts';
import type { ListedEvidence } from '@vouchsafe/images';
import { printable } from '../../output/printable.ts';

/** Where a person puts what only they know. */
const keyPlaceholder = '-----BEGIN PUBLIC KEY-----\n(the key you trust)\n-----END PUBLIC KEY-----\n';

/** An entry of `verifyImages`, as much of it as follows from evidence. */
export interface VerifyImagesEntry {
  readonly type: ListedEvidence['format'];
  readonly imageReferences: readonly string[];
  readonly repository?: string;
  readonly attestors?: readonly { readonly entries: readonly Attestor[] }[];
  readonly attestations?: readonly {
    readonly type: string;
    readonly attestors: readonly { readonly entries: readonly Attestor[] }[];
  }[];
}

/**
 * The attestor that a piece of evidence would satisfy if what it says is true; undefined when it cannot be read. A bare key
 * cannot be told from a signature: it is left to be filled in.
 */
export function attestorFor(evidence: ListedEvidence): Attestor | undefined {
  if (evidence.problem !== undefined) return undefined;
  const { certificates } = evidence;
  if (evidence.format === 'Notary') return certificates && { certificates };
  const rekor = evidence.logIndex === undefined ? { rekor: { ignoreTlog: true } } : {};
  const [subject] = evidence.subjects;
  const ctlog = evidence.isUnlisted === true ? { ctlog: { ignoreSCT: true } } : {};
  if (certificates !== undefined) return { certificates: { ...certificates, ...rekor, ...ctlog } };
  if (subject === undefined || evidence.issuer === undefined) return { keys: { publicKeys: keyPlaceholder, ...rekor } };
  // Policies must name the log of keyless signatures, or the authorities (kyverno-core §3.2).
  const log = { url: 'https://rekor.sigstore.dev', ...rekor.rekor };
  return { keyless: { ...exactly('subject', subject), ...exactly('issuer', evidence.issuer), rekor: log } };
}

/** A policy takes `*` and `?` for wildcards: a name that holds one is wanted as an expression that means the name alone. */
function exactly(member: 'subject' | 'issuer', name: string): KeylessAttestor {
  if (!/[*?]/.test(name)) return { [member]: name };
  return { [`${member}RegExp`]: `^${name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$` };
}

/** What a person cannot see is not theirs to paste. */
function isVisible({ subjects, issuer = '', predicateType = '' }: ListedEvidence): boolean {
  return [...subjects, issuer, predicateType].every((text) => printable(text) === text);
}

/** Whether nothing is left to be filled in: then it can be tried at once. */
export function isComplete({ keys }: Attestor): boolean {
  return keys?.publicKeys !== keyPlaceholder;
}

/** A piece of evidence and the attestor it would satisfy, when it was found out. */
export interface SuggestingEvidence extends ListedEvidence {
  readonly attestor?: Attestor;
}

/** One entry for each format: its signers, any of whom is enough, and what else they say of the image. */
export function entriesFor(
  image: string,
  evidence: readonly SuggestingEvidence[],
  repository?: string,
): VerifyImagesEntry[] {
  const formats = [...new Set(evidence.map(({ format }) => format))];
  return formats.flatMap((format): VerifyImagesEntry[] => {
    const usable = evidence.filter((one) => one.format === format && isVisible(one) && suggested(one));
    const signatures = distinct(usable.filter(isSignature).flatMap((one) => suggested(one) ?? []));
    const types = [
      ...new Set(usable.filter((one) => !isSignature(one)).map(({ predicateType = '' }) => predicateType)),
    ];
    const attestations = types
      .filter((type) => type !== '')
      .map((type) => {
        const stated = usable.filter((one) => !isSignature(one) && one.predicateType === type);
        return { type, attestors: setOf(distinct(stated.flatMap((one) => suggested(one) ?? []))) };
      });
    if (signatures.length + attestations.length === 0) return [];
    return [
      {
        type: format,
        imageReferences: patternsOf(image),
        ...(repository === undefined ? {} : { repository }),
        ...(signatures.length === 0 ? {} : { attestors: setOf(signatures) }),
        ...(attestations.length === 0 ? {} : { attestations }),
      },
    ];
  });
}

/** cosign 3 signs with a statement of this type. */
const signaturePredicate = 'https://sigstore.dev/cosign/sign/v1';

export function isSignature({ part, predicateType }: ListedEvidence): boolean {
  return part === 'signatures' || predicateType === signaturePredicate;
}

function setOf(entries: readonly Attestor[]) {
  return [entries.length > 1 ? { count: 1, entries } : { entries }];
}

function distinct(attestors: readonly Attestor[]): readonly Attestor[] {
  const seen = new Map(attestors.map((attestor) => [JSON.stringify(attestor), attestor]));
  return [...seen.values()];
}

/** Every tag and digest of the repository, and of no other one whose name begins alike. */
function patternsOf(image: string): readonly string[] {
  const [named = image] = image.split('@');
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const repository = colon < 0 ? named : named.slice(0, colon);
  return [`${repository}:*`, `${repository}@*`];
}

function suggested(one: SuggestingEvidence): Attestor | undefined {
  return one.attestor ?? attestorFor(one);
}
