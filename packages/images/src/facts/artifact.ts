/** What is kept in a registry beside images: a manifest with a configuration and layers of its own media types. */
export interface Artifact {
  readonly configMediaType: string;
  readonly config: Uint8Array;
  readonly layers: readonly ArtifactLayer[];
}

export interface ArtifactLayer {
  readonly mediaType: string;
  readonly annotations: ReadonlyMap<string, string>;
  readonly bytes: Uint8Array;
}

/** A failure is one line and holds no secret. */
export type ArtifactResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly message: string };
