import { adviceFor } from '../../output/advice.ts';
import { printable } from '../../output/printable.ts';
import { createPalette, renderTable } from '../../output/table.ts';
import type { ImageVerdict } from './image-verdict.ts';

const words = { verified: 'verified', refused: 'not verified', unknown: 'not looked at' } as const;

/**
 * One block of lines an image: the verdict and the nearest reason first, then who vouches or what was wrong with each further
 * piece of evidence.
 */
export function renderVerification({ image, status, digest, vouchers, findings }: ImageVerdict): string {
  const [nearest, ...further] = findings;
  const rows: (readonly [string, string])[] = [];
  if (nearest !== undefined) rows.push(['reason', nearest.reason]);
  if (digest !== undefined) rows.push(['digest', digest]);
  rows.push(...vouchers, ...further.map(({ reason, message }) => [reason, message] as const));
  if (status === 'refused' && nearest !== undefined) rows.push(['what to do', adviceFor(nearest.reason)]);
  const width = Math.max(10, ...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)} ${printable(value)}`);
  const why = nearest === undefined ? '' : `: ${printable(nearest.message)}`;
  return `${[`${image}: ${words[status]}${why}`, ...lines].join('\n')}\n`;
}

/** A row for each image, and one more for each further thing that is wrong with it. */
export function renderVerificationTable(verdicts: readonly ImageVerdict[]): string {
  const rows = verdicts.flatMap(({ image, status, digest, vouchers, findings }) => {
    const told = findings.map(({ reason, message }) => ({ reason, detail: message }));
    const [first] = vouchers;
    const details = told.length > 0 ? told : [{ reason: '', detail: first?.join(' ') ?? '' }];
    return details.map((detail) => ({ image, verdict: words[status], digest: digest ?? '', ...detail }));
  });
  return renderTable(
    rows,
    [
      { title: 'image', text: (row) => row.image },
      { title: 'verdict', text: (row) => row.verdict },
      { title: 'reason', text: (row) => row.reason },
      { title: 'detail', text: (row) => printable(row.detail) },
      { title: 'digest', text: (row) => row.digest },
    ],
    createPalette(false),
  );
}

/** All there is to know as JSON, in the order of the images. */
export function toVerificationJson(verdicts: readonly ImageVerdict[]): string {
  const items = verdicts.map(({ image, details }) => ({ image, ...details }));
  return `${JSON.stringify({ apiVersion: 'vouchsafe/v1', kind: 'ImageVerificationList', items }, null, 2)}\n`;
}
