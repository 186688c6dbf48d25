import type { ManifestSignature } from '../../../facts/manifest-verification.ts';

const DEFAULT_DOMAIN = 'cosign.sigstore.dev';
/** Further signatures have the same names with `_1`, `_2` and so on behind. */
const MAXIMUM_SIGNATURES = 20;
const PARTS = ['message', 'signature', 'certificate', 'bundle', 'resourceBundleRef', 'imageRef'] as const;

type Part = (typeof PARTS)[number];
type Annotations = Readonly<Record<string, string>>;

export interface SignedAnnotations {
  readonly signatures: readonly ManifestSignature[];
  /** Where signatures are said to be kept instead: a registry. */
  readonly reference: string | undefined;
}

/** The signatures among an object's annotations, in the form of k8s-manifest-sigstore. */
export function readSignedAnnotations(annotations: Annotations, domain: string): SignedAnnotations {
  const prefix = `${domain || DEFAULT_DOMAIN}/`;
  const text = (part: Part, suffix: string): string | undefined => own(annotations, `${prefix}${part}${suffix}`);
  const signatures: ManifestSignature[] = [];
  for (let index = 0; index < MAXIMUM_SIGNATURES; index += 1) {
    const suffix = index === 0 ? '' : `_${index}`;
    const signature = text('signature', suffix);
    if (signature === undefined) break;
    // Several may sign the one message.
    const message = text('message', suffix) ?? text('message', '');
    if (message === undefined) continue;
    const certificate = text('certificate', suffix);
    const bundle = text('bundle', suffix);
    signatures.push({
      message,
      signature,
      ...(certificate === undefined ? {} : { certificate }),
      ...(bundle === undefined ? {} : { bundle }),
    });
  }
  return { signatures, reference: text('resourceBundleRef', '') ?? text('imageRef', '') };
}

/** Whether an annotation is part of a signature: it is then no part of what was signed. */
export function isSignatureAnnotation(key: string, domain: string): boolean {
  const prefix = `${domain || DEFAULT_DOMAIN}/`;
  if (!key.startsWith(prefix)) return false;
  const name = key.slice(prefix.length);
  return PARTS.some((part) => name === part || (name.startsWith(`${part}_`) && isNumber(name.slice(part.length + 1))));
}

function isNumber(text: string): boolean {
  return text.length > 0 && text.length <= 3 && [...text].every((character) => character >= '0' && character <= '9');
}

function own(annotations: Annotations, key: string): string | undefined {
  return Object.hasOwn(annotations, key) ? annotations[key] : undefined;
}
