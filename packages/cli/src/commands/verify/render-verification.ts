import { adviceFor } from '../../output/advice.ts';
import { printable } from '../../output/printable.ts';
import { createPalette, renderTable } from '../../output/table.ts';
import type { ImageVerdict } from './image-verdict.ts';

const words = { verified: 'verified', refused: 'not verified', unknown: 'not looked at' } as const;

/** One block of lines an image: the verdict first, then who vouches or what was wrong with each piece of evidence. */
export function renderVerification({ image, status, digest, vouchers, findings }: ImageVerdict): string {
  const lines = [`${image}: ${words[status]}`];
  if (digest !== undefined) lines.push(line('digest', digest));
  for (const [name, value] of vouchers) lines.push(line(name, value));
  for (const { reason, message } of findings) lines.push(line(reason, message));
  const advice = new Set(status === 'refused' ? findings.map(({ reason }) => adviceFor(reason)) : []);
  for (const one of advice) lines.push(line('what to do', one));
  return `${lines.join('\n')}\n`;
}

function line(name: string, value: string): string {
  return `  ${name.padEnd(10)} ${printable(value)}`;
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
