import type { IndexImage } from '@vouchsafe/images';
import { printable } from '../../output/printable.ts';
import { toYaml } from '../../output/yaml.ts';
import type { SuggestingEvidence, VerifyImagesEntry } from './verify-images-entry.ts';

export interface JudgedEvidence extends SuggestingEvidence {
  /** Of the attestor it suggests, under the trust root: `verified`, or why not. */
  readonly verdict?: string;
}

export interface ImageListing {
  readonly image: string;
  readonly digest: string | undefined;
  /** Of an index. */
  readonly images?: readonly IndexImage[];
  readonly evidence: readonly JudgedEvidence[];
  /** What could not be looked at. */
  readonly unlisted: readonly string[];
  readonly entries: readonly VerifyImagesEntry[];
}

/** What there is in a line, a block for each piece of evidence, then the policy entries to paste. */
export function renderListing(listing: ImageListing): string {
  const { image, digest, images, evidence, unlisted, entries } = listing;
  const lines = [`${image}: ${printable(summaryOf(listing))}`];
  if (digest !== undefined) lines.push(line('digest', digest));
  if (images !== undefined) lines.push(...linesOfIndex(images));
  if (digest !== undefined) lines.push(...unlisted.map((message) => line('not looked at', message)));
  for (const one of evidence) lines.push('', ...linesOf(one));
  if (entries.length > 0) {
    lines.push('', '# what a policy asks to accept these signers: an entry of `verifyImages`; trust is yours to give');
    lines.push(toYaml(entries, 2, 'as-given').trimEnd());
  }
  return `${lines.join('\n')}\n`;
}

function summaryOf({ digest, images, evidence, unlisted }: ImageListing): string {
  if (digest === undefined) return `not looked at: ${unlisted.join('; ')}`;
  const found = ['signature', 'attestation'].flatMap((what) => {
    const { length } = evidence.filter(({ part }) => part === `${what}s`);
    return length === 0 ? [] : [`${length} ${what}${length === 1 ? '' : 's'}`];
  });
  if (found.length > 0) return found.join(', ');
  if (unlisted.length > 0) return 'no evidence, as far as it could be looked at';
  const isSigned = images?.some(({ hasEvidence }) => hasEvidence) === true;
  return isSigned ? 'no evidence about the index, only about images of it' : 'no evidence: nobody has signed it';
}

/** What is signed, the index or its images, is told apart. */
function linesOfIndex(images: readonly IndexImage[]): readonly string[] {
  const count = `an index of ${images.length} ${images.length === 1 ? 'image' : 'images'}; what follows is about the index`;
  const told = images.map(({ platform, digest, hasEvidence }) =>
    line(platform, `${digest}, ${hasEvidence ? 'with evidence of its own' : 'without evidence of its own'}`),
  );
  return [line('is', count), ...told];
}

function linesOf(one: JudgedEvidence): readonly string[] {
  const annotations = Object.entries(one.annotations ?? {}).map(([name, value]) => `${name}=${value}`);
  const rows: [string, string | undefined][] = [
    [one.part === 'signatures' ? 'signature' : 'attestation', one.format],
    ['where', one.where],
    ['layer', one.evidence],
    ['type', one.predicateType],
    ['signer', signerOf(one)],
    ['issuer', one.issuer],
    ['log', logOf(one)],
    ['time stamp', one.isTimeStamped ? 'yes' : undefined],
    ['annotations', annotations.length === 0 ? undefined : annotations.join(', ')],
    ['unreadable', one.problem === undefined ? undefined : `${one.problem.reason}: ${one.problem.message}`],
    ['verdict', one.verdict],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [line(name, value)]));
}

function signerOf({ subjects, certificates, keyHint, problem }: JudgedEvidence): string | undefined {
  if (problem !== undefined) return undefined;
  if (subjects.length > 0) return subjects.join(', ');
  if (certificates !== undefined) return 'a certificate without a name';
  return keyHint === undefined ? 'a key' : `a key (SHA-256 of it in base64: ${keyHint})`;
}

function logOf({ logIndex, loggedAt, format, problem }: JudgedEvidence): string | undefined {
  if (problem !== undefined || format === 'Notary') return undefined;
  if (logIndex === undefined) return 'none';
  return loggedAt === undefined ? `entry ${logIndex}` : `entry ${logIndex}, ${loggedAt}`;
}

function line(name: string, value: string): string {
  return `  ${name.padEnd(13)} ${printable(value)}`;
}

export function toListingJson(listings: readonly ImageListing[]): string {
  const items = listings.map(({ entries, evidence, ...listing }) => ({
    ...listing,
    evidence: evidence.map(({ attestor: _attestor, ...one }) => one),
    verifyImages: entries,
  }));
  return `${JSON.stringify({ apiVersion: 'vouchsafe/v1', kind: 'ImageEvidenceList', items }, null, 2)}\n`;
}
