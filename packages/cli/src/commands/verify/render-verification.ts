import type { EvidenceReason, Fact, ImageVerification } from '@vouchsafe/engine/facts';
import { adviceFor } from '../../output/advice.ts';

export interface VerifiedImage {
  /** As it was asked for. */
  readonly image: string;
  readonly fact: Fact<ImageVerification>;
}

/** One block of lines an image: the verdict first, then who signed or what was wrong with each piece of evidence. */
export function renderVerification({ image, fact }: VerifiedImage): string {
  if (!fact.ok) return `${image}: not looked at (${fact.class}): ${fact.message}\n`;
  const { verified, digest, sets } = fact.value;
  const lines = [`${image}: ${verified ? 'verified' : 'not verified'}`, `  digest     ${digest}`];
  const reasons = new Set<EvidenceReason>();
  for (const { entries } of sets) {
    for (const { verified: holds, signer, failures } of entries) {
      if (holds && signer) {
        for (const [name, value] of Object.entries(signer)) if (value) lines.push(`  ${name.padEnd(10)} ${value}`);
      }
      for (const { reason, message } of holds ? [] : failures) {
        reasons.add(reason);
        lines.push(`  ${reason.padEnd(10)} ${message}`);
      }
    }
  }
  for (const reason of verified ? [] : reasons) lines.push(`  what to do ${adviceFor(reason)}`);
  return `${lines.join('\n')}\n`;
}

/** The facts as JSON, in the order of the images. */
export function toVerificationJson(results: readonly VerifiedImage[]): string {
  const items = results.map(({ image, fact }) =>
    fact.ok
      ? { image, ...fact.value }
      : { image, verified: false, failure: { class: fact.class, message: fact.message } },
  );
  return `${JSON.stringify({ apiVersion: 'vouchsafe/v1', kind: 'ImageVerificationList', items }, null, 2)}\n`;
}
