import type { Attestor, KeylessAttestor } from '@vouchsafe/engine/facts';
import type { ListedEvidence } from '@vouchsafe/images';
import { printable } from '../../output/printable.ts';

/** Where a person puts what only they know. */
const keyPlaceholder = '-----BEGIN PUBLIC KEY-----\n(the key you trust)\n-----END PUBLIC KEY-----\n';
const certificatePlaceholder = '-----BEGIN CERTIFICATE-----\n(the authority you trust)\n-----END CERTIFICATE-----\n';

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
  if (evidence.format === 'Notary') return { certificates: { certChain: certificatePlaceholder } };
  const rekor = evidence.logIndex === undefined ? { rekor: { ignoreTlog: true } } : {};
  const [subject] = evidence.subjects;
  if (subject === undefined) return { keys: { publicKeys: keyPlaceholder, ...rekor } };
  if (evidence.issuer === undefined) return { certificates: { certChain: certificatePlaceholder, ...rekor } };
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

/** Of the attestor's members, those that name somebody: only these can be tried at once. */
export function isComplete({ keyless }: Attestor): boolean {
  return keyless !== undefined;
}

/** One entry for each format: its signers, any of whom is enough, and what else they say of the image. */
export function entriesFor(
  image: string,
  evidence: readonly ListedEvidence[],
  repository?: string,
): VerifyImagesEntry[] {
  const formats = [...new Set(evidence.map(({ format }) => format))];
  return formats.flatMap((format): VerifyImagesEntry[] => {
    const usable = evidence.filter((one) => one.format === format && isVisible(one) && attestorFor(one));
    const signatures = distinct(usable.filter(isSignature).flatMap((one) => attestorFor(one) ?? []));
    const types = [
      ...new Set(usable.filter((one) => !isSignature(one)).map(({ predicateType = '' }) => predicateType)),
    ];
    const attestations = types
      .filter((type) => type !== '')
      .map((type) => {
        const stated = usable.filter((one) => !isSignature(one) && one.predicateType === type);
        return { type, attestors: setOf(distinct(stated.flatMap((one) => attestorFor(one) ?? []))) };
      });
    if (signatures.length + attestations.length === 0) return [];
    return [
      {
        type: format,
        imageReferences: [patternOf(image)],
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

/** Every tag and digest of the repository. */
function patternOf(image: string): string {
  const [named = image] = image.split('@');
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  return `${colon < 0 ? named : named.slice(0, colon)}*`;
}
