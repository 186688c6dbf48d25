import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import { DEFAULT_IMAGE_SETTINGS, type ImageReference, recallImageReference } from '../../kernel/image-reference.ts';
import { defineMember, isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { ExtractedImage, ExtractedImages, ImageExtraction } from '../../model/extracted-image.ts';
import { compileJmesPath, isJmesPathDiagnostic } from '../jmespath/compile-jmespath.ts';
import { formatGoValue } from '../jmespath/go-value.ts';

interface Extractor {
  readonly name: string;
  readonly fields: readonly string[];
  readonly value: string;
  readonly key: string;
  readonly jmesPath: string;
}

const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'];
const POD_SPECS = new Map<string, readonly string[]>([
  ['Pod', ['spec']],
  ['CronJob', ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
  ...['DaemonSet', 'Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet', 'Job'].map(
    (kind): [string, readonly string[]] => [kind, ['spec', 'template', 'spec']],
  ),
]);

/** The images of what is judged, extracted once for all rules of an evaluation that do it in the same way. */
export function imagesOf(
  { request, resource, known }: RuleInput,
  extraction: ImageExtraction,
): ExtractedImages | EvaluationError {
  const before = known?.images;
  if (before?.resource === resource && before.request === request && isSame(before.extraction, extraction)) {
    return before.found;
  }
  const found = extractImages(resource, request.kind.kind, extraction);
  if (known) known.images = { request, resource, extraction, found };
  return found;
}

function isSame(one: ImageExtraction, other: ImageExtraction): boolean {
  return one.settings === other.settings && one.extractors === other.extractors;
}

/** The images of a resource (kyverno-core §3.3, §3.4); the error carries Kyverno's text. */
export function extractImages(
  resource: JsonObject,
  kind: string,
  extraction: ImageExtraction,
): ExtractedImages | EvaluationError {
  const extractors = extractorsOf(kind, extraction.extractors);
  if (extractors instanceof EvaluationError) return extractors;
  const found = new Map<string, Map<string, ExtractedImage>>();
  for (const extractor of extractors) {
    const images = new Map<string, ExtractedImage>();
    const failure = extractFrom({ extractor, images, extraction, path: [] }, resource, 0, NO_SECRETS);
    if (failure) return failure;
    // As upstream, the last extractor of a name wins.
    if (images.size > 0) found.set(extractor.name, images);
  }
  return found;
}

function extractorsOf(kind: string, configured: JsonObject | undefined): readonly Extractor[] | EvaluationError {
  const entries = configured === undefined ? undefined : member(configured, kind);
  if (!isJsonArray(entries)) return DEFAULT_EXTRACTORS.get(kind) ?? [];
  if (entries.length === 0) return new EvaluationError(`no extractors found for ${kind}`);
  return entries.filter(isJsonObject).map(readExtractor);
}

const DEFAULT_EXTRACTORS: ReadonlyMap<string, readonly Extractor[]> = new Map(
  [...POD_SPECS].map(([kind, path]) => [
    kind,
    CONTAINER_LISTS.map((name) => ({ name, fields: [...path, name, '*'], value: 'image', key: 'name', jmesPath: '' })),
  ]),
);

function readExtractor(entry: JsonObject): Extractor {
  const fields = textOf(entry, 'path')
    .split('/')
    .map((field) => field.replace(/^ +| +$/g, ''))
    .filter((field) => field !== '');
  const value = textOf(entry, 'value');
  return {
    name: textOf(entry, 'name') || 'custom',
    fields: value === '' ? fields.slice(0, -1) : fields,
    value: value === '' ? (fields.at(-1) ?? '') : value,
    key: textOf(entry, 'key'),
    jmesPath: textOf(entry, 'jmesPath'),
  };
}

function textOf(entry: JsonObject, name: string): string {
  const value = member(entry, name);
  return typeof value === 'string' ? value : '';
}

interface Walk {
  readonly extractor: Extractor;
  readonly images: Map<string, ExtractedImage>;
  readonly extraction: ImageExtraction;
  /** Where the walk is. */
  readonly path: string[];
}

function extractFrom(
  walk: Walk,
  node: Json | undefined,
  depth: number,
  secrets: readonly string[],
): EvaluationError | undefined {
  if (node === undefined || node === null) return undefined;
  const field = walk.extractor.fields[depth];
  if (field === '*') return extractFromEach(walk, node, depth, secrets);
  if (!isJsonObject(node)) return new EvaluationError('invalid image config');
  const own = pullSecretsOf(node);
  const known = own.length === 0 ? secrets : [...secrets, ...own];
  return field === undefined
    ? extractHere(walk, node, known)
    : extractBelow(walk, field, member(node, field), depth, known);
}

function extractFromEach(
  walk: Walk,
  node: Json,
  depth: number,
  secrets: readonly string[],
): EvaluationError | undefined {
  if (typeof node !== 'object' || node === null) return new EvaluationError('invalid type');
  for (const key of Object.keys(node)) {
    const value = isJsonArray(node) ? node[Number(key)] : (node as JsonObject)[key]; // what is no list is an object
    const failure = extractBelow(walk, key, value, depth, secrets);
    if (failure) return failure;
  }
  return undefined;
}

function extractBelow(
  walk: Walk,
  key: string,
  node: Json | undefined,
  depth: number,
  secrets: readonly string[],
): EvaluationError | undefined {
  walk.path.push(key);
  const failure = extractFrom(walk, node, depth + 1, secrets);
  walk.path.pop();
  return failure;
}

const NO_SECRETS: readonly string[] = [];

function pullSecretsOf(node: JsonObject): readonly string[] {
  const secrets = member(node, 'imagePullSecrets');
  if (!isJsonArray(secrets)) return NO_SECRETS;
  return secrets.flatMap((secret) =>
    isJsonObject(secret) && typeof secret['name'] === 'string' ? [secret['name']] : [],
  );
}

function extractHere(
  { extractor, images, extraction, path }: Walk,
  node: JsonObject,
  pullSecrets: readonly string[],
): EvaluationError | undefined {
  const pointer = `/${path.join('/')}/${extractor.value}`;
  const key = extractor.key === '' ? pointer : member(node, extractor.key);
  if (typeof key !== 'string') return new EvaluationError('invalid key');
  const written = member(node, extractor.value);
  if (typeof written !== 'string' || written.trim() === '') return undefined;
  const text = applyJmesPath(written, extractor.jmesPath, extraction.host);
  if (text instanceof EvaluationError) return text;
  const reference = recallImageReference(text, extraction.settings ?? DEFAULT_IMAGE_SETTINGS);
  if (reference instanceof EvaluationError) {
    return new EvaluationError(`invalid image '${text}' (${reference.message})`);
  }
  images.set(key, { ...reference, pointer, segments: [...path, extractor.value], pullSecrets });
  return undefined;
}

function applyJmesPath(written: string, path: string, host: EngineHost): string | EvaluationError {
  if (path === '') return written;
  const expression = compileJmesPath(path, host);
  if (isJmesPathDiagnostic(expression)) return new EvaluationError(`invalid jmespath ${path}: ${expression.reason}`);
  const result = expression.evaluate(written);
  if (result instanceof EvaluationError)
    return new EvaluationError(`failed to apply jmespath ${path}: ${result.message}`);
  if (typeof result === 'string') return result;
  return new EvaluationError(`jmespath ${path} must produce a string, but produced ${formatGoValue(result)}`);
}

/** The variable `images`: empty attributes are left out. */
export function imagesVariable(images: ExtractedImages): JsonObject {
  const variable: Record<string, Json> = {};
  for (const [name, group] of images) {
    const members: Record<string, Json> = {};
    for (const [key, image] of group) defineMember(members, key, imageVariable(image));
    defineMember(variable, name, members);
  }
  return variable;
}

/** One image as a variable, with its pointer when it has one. */
export function imageVariable(image: ImageReference & { readonly pointer?: string }): JsonObject {
  const { registry, name, path, tag, digest, reference, referenceWithTag, pointer } = image;
  const variable: Record<string, Json> = { name, path };
  if (registry !== '') variable['registry'] = registry;
  if (tag !== '') variable['tag'] = tag;
  if (digest !== '') variable['digest'] = digest;
  variable['reference'] = reference;
  variable['referenceWithTag'] = referenceWithTag;
  if (pointer !== undefined) variable['jsonPointer'] = pointer;
  return variable;
}
