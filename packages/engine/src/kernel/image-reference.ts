import { EvaluationError } from './evaluation-error.ts';

export interface ImageReferenceSettings {
  readonly defaultRegistry: string;
  /** Off: a registry that was only added as the default is left out of the result. */
  readonly enableDefaultRegistryMutation: boolean;
}

export const DEFAULT_IMAGE_SETTINGS: ImageReferenceSettings = {
  defaultRegistry: 'docker.io',
  enableDefaultRegistryMutation: true,
};

/** An image reference as Kyverno takes it apart (kyverno-core §3.3). Absent parts are empty. */
export interface ImageReference {
  readonly registry: string;
  /** Repository path without the registry: `library/nginx`. */
  readonly path: string;
  /** Last segment of the path. */
  readonly name: string;
  /** `latest` when neither tag nor digest was given; empty beside a digest without tag. */
  readonly tag: string;
  readonly digest: string;
  /** `[registry/]path@digest`, else `[registry/]path:tag`. */
  readonly reference: string;
  /** `[registry/]path:tag`; ends with a colon when there is no tag. */
  readonly referenceWithTag: string;
}

// The grammar of docker's reference package, for a text that is one whole reference.
const DOMAIN_PART = '(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])';
const DOMAIN = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const PATH_PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const NAME = new RegExp(`^(?:(${DOMAIN})/)?(${PATH_PART}(?:/${PATH_PART})*)$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const WHOLE_DIGEST = new RegExp(`^${DIGEST}$`);
const DIGEST_LENGTHS = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);
const LENGTH_LIMIT = 4096;
const PATH_LIMIT = 255;

/** Parses an image as Kyverno does; the error carries Kyverno's text. */
export function parseImageReference(text: string, settings: ImageReferenceSettings = DEFAULT_IMAGE_SETTINGS): Parsed {
  const full = hasRegistry(text) ? text : `${settings.defaultRegistry}/${text}`;
  const parsed = parseParts(full);
  if (typeof parsed === 'string') {
    const { defaultRegistry, enableDefaultRegistryMutation } = settings;
    return new EvaluationError(
      `bad image: ${full}, defaultRegistry: ${defaultRegistry}, enableDefaultRegistryMutation: ${enableDefaultRegistryMutation}: ${parsed}`,
    );
  }
  const blank = full !== text && !settings.enableDefaultRegistryMutation;
  return toReference(blank ? '' : parsed.domain, parsed);
}

type Parsed = ImageReference | EvaluationError;

/** References that were parsed a moment ago, by the settings: a cluster runs a few hundred images again and again. */
const parsedWith = new WeakMap<ImageReferenceSettings, Map<string, Parsed>>();
const REMEMBERED = 1024;
const REMEMBERED_LENGTH = 512;

/** The same for texts that come again and again; `settings` must be the same object each time. */
export function recallImageReference(text: string, settings: ImageReferenceSettings): Parsed {
  if (text.length > REMEMBERED_LENGTH) return parseImageReference(text, settings);
  let known = parsedWith.get(settings);
  if (!known || known.size >= REMEMBERED) {
    known = new Map();
    parsedWith.set(settings, known);
  }
  let parsed = known.get(text);
  if (parsed === undefined) {
    parsed = parseImageReference(text, settings);
    known.set(text, parsed);
  }
  return parsed;
}

function hasRegistry(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return false;
  const first = text.slice(0, slash);
  return first.includes('.') || first.includes(':') || first === 'localhost' || first !== first.toLowerCase();
}

interface Parts {
  readonly domain: string;
  readonly path: string;
  readonly tag: string;
  readonly digest: string;
}

/** The parts, or what is wrong in the words of docker's reference package. */
function parseParts(text: string): Parts | string {
  if (text.length > LENGTH_LIMIT) return 'invalid reference format';
  const at = text.indexOf('@');
  const digest = at < 0 ? '' : text.slice(at + 1);
  const tagged = at < 0 ? text : text.slice(0, at);
  const colon = tagged.lastIndexOf(':');
  const hasTag = colon > tagged.lastIndexOf('/');
  const tag = hasTag ? tagged.slice(colon + 1) : '';
  const name = NAME.exec(hasTag ? tagged.slice(0, colon) : tagged);
  const isWellFormed = (!hasTag || TAG.test(tag)) && (at < 0 || WHOLE_DIGEST.test(digest));
  if (!name || !isWellFormed) return malformed(text);
  const [, domain = '', path = ''] = name;
  if (path.length > PATH_LIMIT) return `repository name must not be more than ${PATH_LIMIT} characters`;
  return digestProblem(digest) ?? { domain, path, tag, digest };
}

function malformed(text: string): string {
  const lower = text.toLowerCase();
  if (lower !== text && typeof parseParts(lower) !== 'string') {
    return 'invalid reference format: repository name must be lowercase';
  }
  return 'invalid reference format';
}

function digestProblem(digest: string): string | undefined {
  if (digest === '') return undefined;
  const [algorithm = '', hex = ''] = digest.split(':');
  const length = DIGEST_LENGTHS.get(algorithm);
  if (length === undefined) return 'unsupported digest algorithm';
  if (hex.length !== length) return 'invalid checksum digest length';
  return hex === hex.toLowerCase() ? undefined : 'invalid checksum digest format';
}

function toReference(domain: string, { path, tag: givenTag, digest }: Parts): ImageReference {
  const tag = givenTag === '' && digest === '' ? 'latest' : givenTag;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const repository = domain === '' ? path : `${domain}/${path}`;
  const referenceWithTag = `${repository}:${tag}`;
  const reference = digest === '' ? referenceWithTag : `${repository}@${digest}`;
  const [first = '', ...rest] = path.split('/');
  // Upstream's quirk: without a registry, a first segment with an underscore moves there once the texts are made.
  if (domain === '' && first.includes('_') && rest.length > 0) {
    return { registry: first, path: rest.join('/'), name, tag, digest, reference, referenceWithTag };
  }
  return { registry: domain, path, name, tag, digest, reference, referenceWithTag };
}
