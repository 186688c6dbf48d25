import { createHash } from 'node:crypto';
import type { EvidenceFailure } from '@vouchsafe/engine/facts';
import { sameBytes } from '../../trust/encoded-text.ts';
import { readStatement } from '../../trust/in-toto-statement.ts';
import { attempt, Refusal } from '../../trust/refusal.ts';
import type { ResolvedAttestor } from '../../trust/resolved-attestor.ts';
import { checkSignedMaterial, type Vouched } from '../../trust/vouch.ts';
import { type Bundle, readBundle } from './bundle.ts';
import { materialOf } from './bundle-material.ts';

export type ArtifactVerdict =
  | { readonly ok: true; readonly vouched: Vouched }
  | { readonly ok: false; readonly failure: EvidenceFailure };

const hashNames: ReadonlyMap<string, string> = new Map([
  ['SHA2_256', 'sha256'],
  ['SHA2_384', 'sha384'],
  ['SHA2_512', 'sha512'],
]);

/**
 * Judges a bundle about a file: a signature of the file's bytes, or an in-toto statement that names its digest. `now` is
 * the present time in milliseconds.
 */
export function judgeArtifactBundle(
  bundleText: string | Uint8Array,
  artifact: Uint8Array,
  attestor: ResolvedAttestor,
  now: number,
): ArtifactVerdict {
  const judged = attempt(() => {
    const bundle = readBundle(bundleText);
    checkArtifact(bundle, artifact);
    return checkSignedMaterial(materialOf(bundle, artifact), attestor, now);
  });
  return judged.ok ? { ok: true, vouched: judged.value } : judged;
}

function checkArtifact({ content }: Bundle, artifact: Uint8Array): void {
  if (content.kind === 'dsse') {
    readStatement(content.envelope, `sha256:${createHash('sha256').update(artifact).digest('hex')}`);
    return;
  }
  if (content.digest === undefined) return;
  const hash = hashNames.get(content.digest.algorithm);
  const isSame = hash !== undefined && sameBytes(createHash(hash).update(artifact).digest(), content.digest.bytes);
  if (!isSame) throw new Refusal('bad-signature', 'the bundle is about another file: its message digest differs');
}
