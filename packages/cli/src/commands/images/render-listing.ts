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

/** A block for each piece of evidence, then the policy entries to paste. */
export function renderListing({ image, digest, images, evidence, unlisted, entries }: ImageListing): string {
  const lines = [image, line('digest', digest ?? 'unknown')];
  if (images !== undefined) lines.push(...linesOfIndex(images));
  for (const message of unlisted) lines.push(line('not looked at', message));
  if (evidence.length === 0) lines.push(line('evidence', 'none'));
  for (const one of evidence) lines.push('', ...linesOf(one));
  if (entries.length > 0) {
    lines.push('', '# what a policy asks to accept these signers: an entry of `verifyImages`; trust is yours to give');
    lines.push(toYaml(entries, 2, 'as-given').trimEnd());
  }
  return `${lines.join('\n')}\n`;
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
