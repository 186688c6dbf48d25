import type { JsonObject } from '@vouchsafe/engine/kernel';
import { type Attempt, attempt, Refusal } from '../../trust/refusal.ts';
import type { ResolvedAttestor } from '../../trust/resolved-attestor.ts';
import type { Vouched } from '../../trust/vouch.ts';
import { type EvidenceClaims, unreadable } from '../evidence-claims.ts';
import { keepReading } from '../keep-reading.ts';
import type { EvidenceSet, PieceVerdict } from '../verifier.ts';

/** One layer of a `.sig` or `.att` manifest, fetched. */
export interface CosignLayer {
  readonly digest: string;
  readonly mediaType: string;
  readonly annotations: ReadonlyMap<string, string>;
  readonly blob: Uint8Array;
}

/** A layer, read: what it says of itself, and how an attestor judges it. */
interface ReadLayer {
  /** Of an attestation. */
  readonly predicateType?: string;
  /** Throws `Refusal`. */
  judge(attestor: ResolvedAttestor, now: number): { vouched: Vouched; document: JsonObject };
  claims(): EvidenceClaims;
}

/** Reads a layer. Throws `Refusal` when it cannot be read. */
export type LayerReader = (layer: CosignLayer) => ReadLayer;

/** Judges and lists layers one by one; each is read when it is first looked at. */
export function lookAtLayers(layers: readonly CosignLayer[], read: LayerReader): Pick<EvidenceSet, 'judge' | 'list'> {
  const readings = layers.map((layer) => ({
    layer,
    read: keepReading<Attempt<ReadLayer>>(layer.blob, () => attempt(() => read(layer))),
  }));
  return {
    *judge(attestor, now, type): Iterable<PieceVerdict> {
      for (const { layer, read: readLayer } of readings) {
        const found = readLayer();
        if (type !== undefined && found.ok && found.value.predicateType !== type) continue;
        const verdict = found.ok ? attempt(() => found.value.judge(attestor, now)) : found;
        yield verdict.ok
          ? { ok: true, evidence: layer.digest, ...verdict.value }
          : { ok: false, failure: { ...verdict.failure, evidence: layer.digest } };
      }
    },
    list: () =>
      readings.map(({ layer, read: readLayer }) => {
        const found = readLayer();
        return found.ok ? found.value.claims() : unreadable(layer.digest, found.failure);
      }),
  };
}

export function checkMediaType(layer: CosignLayer, wanted: string): void {
  if (layer.mediaType === wanted) return;
  throw new Refusal('bad-signature', `the layer is of another type: wanted ${wanted}, got ${layer.mediaType}`, {
    wanted,
    got: layer.mediaType,
  });
}
