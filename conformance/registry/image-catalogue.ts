import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** What images of the world are like: `images.yaml`. Facts of images, never what anybody ought to say of them. */
export interface ImageCatalogue {
  /** Fingerprints of public keys, by the name that evidence has for them. */
  readonly keys: Readonly<Record<string, string>>;
  /** Fingerprints of certificates that sign as Notary does. */
  readonly certificates: Readonly<Record<string, string>>;
  /** The fingerprint of the root of whoever stamped times. */
  readonly timestampAuthority: string;
  /** Names under which a registry has nothing. */
  readonly absent: readonly string[];
  readonly images: readonly CatalogueImage[];
}

export interface CatalogueImage {
  /** `host/repository:tag`, or `host/repository@digest` of one that is known by its digest alone. */
  readonly name: string;
  /** What the tag leads to, where documents name it. */
  readonly digest?: string;
  /** `os/architecture` of the images below an index; a single image when absent. */
  readonly platforms?: readonly string[];
  readonly architecture?: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly environment?: readonly string[];
  readonly volumes?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Bytes that the manifest claims. */
  readonly layerSize?: number;
  readonly created?: string;
  /** Of an image that is built again and again: how old it was when somebody last looked. */
  readonly ageDays?: number;
  /** What BuildKit wrote of what the image was built from. */
  readonly buildSources?: readonly { readonly type: string; readonly ref: string }[];
  readonly evidence?: readonly Evidence[];
}

/** A signature about an image, or with `attests` and `content` an attestation. */
export type Evidence = CosignEvidence | BundleEvidence | NotaryEvidence | ArtifactEvidence;

interface Statement {
  /** The type of the predicate; a signature when absent. */
  readonly attests?: string;
  readonly content?: unknown;
  readonly timestamp?: boolean;
}

export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

/** As cosign 2 has it, in the transparency log. */
export interface CosignEvidence extends Statement {
  readonly cosign: { readonly key: string } | { readonly keyless: Identity };
  /** Found by a tag, unless told. */
  readonly storedAs?: 'tag' | 'referrer';
}

/** A Sigstore bundle, in the transparency log unless told. */
export interface BundleEvidence extends Statement {
  readonly bundle: { readonly keyless: Identity };
  readonly logged?: boolean;
}

export interface NotaryEvidence {
  readonly notary: { readonly certificate: string };
}

/** A file that refers to the image, signed as Notary does. */
export interface ArtifactEvidence {
  readonly artifact: { readonly type: string };
  readonly signedBy: readonly string[];
  readonly content: unknown;
}

export function readImageCatalogue(): ImageCatalogue {
  // Written by hand in this shape; stand-ins cannot be made of anything else.
  return parse(readFileSync(new URL('./images.yaml', import.meta.url), 'utf8'), { maxAliasCount: -1 });
}

/** An image's name taken apart. */
export interface CatalogueName {
  readonly host: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const NAME = /^([^/]+)\/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** Names of the catalogue are whole. Throws for one that is not. */
export function toCatalogueName(text: string): CatalogueName {
  const [, host, repository, tag, digest] = NAME.exec(text) ?? [];
  if (host === undefined || repository === undefined) throw new Error(`no whole name of an image: ${text}`);
  return { host, repository, tag, digest };
}
