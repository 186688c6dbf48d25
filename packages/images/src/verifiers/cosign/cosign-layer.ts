import type { JsonObject } from '@vouchsafe/engine/kernel';
import { attempt, Refusal } from '../../trust/refusal.ts';
import type { ResolvedAttestor } from '../../trust/resolved-attestor.ts';
import type { Vouched } from '../../trust/vouch.ts';
import type { EvidenceSet, PieceVerdict } from '../verifier.ts';

/** One layer of a `.sig` or `.att` manifest, fetched. */
export interface CosignLayer {
  readonly digest: string;
  readonly mediaType: string;
  readonly annotations: ReadonlyMap<string, string>;
  readonly blob: Uint8Array;
}

/** What a layer holds, once read, judged by an attestor. Throws `Refusal`. */
export type LayerJudge = (attestor: ResolvedAttestor, now: number) => { vouched: Vouched; document: JsonObject };

/** Reads a layer into its judge. Throws `Refusal` when it cannot be read. */
export type LayerReader = (layer: CosignLayer) => LayerJudge;

/** Judges layers one by one; each is read at most once, when it is first judged. */
export function judgeLayers(layers: readonly CosignLayer[], read: LayerReader): EvidenceSet['judge'] {
  const judges = layers.map((layer) => onceRead(layer, read));
  return (attestor, now) =>
    judges.map((judge, index): PieceVerdict => {
      const evidence = layers[index]?.digest ?? '';
      const verdict = attempt(() => judge()(attestor, now));
      if (verdict.ok) return { ok: true, evidence, ...verdict.value };
      return { ok: false, failure: { ...verdict.failure, evidence } };
    });
}

function onceRead(layer: CosignLayer, read: LayerReader): () => LayerJudge {
  let judge: LayerJudge | undefined;
  return () => {
    judge ??= read(layer);
    return judge;
  };
}

export function checkMediaType(layer: CosignLayer, wanted: string): void {
  if (layer.mediaType === wanted) return;
  throw new Refusal('bad-signature', `the layer is of another type: wanted ${wanted}, got ${layer.mediaType}`, {
    wanted,
    got: layer.mediaType,
  });
}
