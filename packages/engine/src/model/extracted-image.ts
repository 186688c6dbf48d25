import type { EvaluationError } from '../kernel/evaluation-error.ts';
import type { EngineHost } from '../kernel/host.ts';
import type { ImageReference, ImageReferenceSettings } from '../kernel/image-reference.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { EvaluationRequest } from './request.ts';

/** An image found in a resource. */
export interface ExtractedImage extends ImageReference {
  /** JSON pointer of the field, not escaped, as Kyverno writes it: `/spec/containers/0/image`. */
  readonly pointer: string;
  /** The way to the field, for patches: `pointer` is ambiguous where a key holds a slash. */
  readonly segments: readonly string[];
  /** Names under `imagePullSecrets` on the way to it. */
  readonly pullSecrets: readonly string[];
}

/** By extractor (`containers`, `initContainers`, `ephemeralContainers`, `custom`…), then by key. */
export type ExtractedImages = ReadonlyMap<string, ReadonlyMap<string, ExtractedImage>>;

export interface ImageExtraction {
  readonly settings?: ImageReferenceSettings;
  /** `imageExtractors` of a rule: kind to list. */
  readonly extractors?: JsonObject | undefined;
  readonly host: EngineHost;
}

/** The images of one resource, for whoever extracts them in the same way. */
export interface KnownImages {
  readonly request: EvaluationRequest;
  readonly resource: JsonObject;
  readonly extraction: ImageExtraction;
  readonly found: ExtractedImages | EvaluationError;
}
