import { isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';

/**
 * The value of an image-data fact as `image.GetMetadata` shows it: `{image, resolvedImage, registry, repository, identifier,
 * tag, digest, imageIndex, manifest, config}`, absent parts left out. Context entries call two of them otherwise.
 */
export function toImageMetadata(value: Json): Json {
  if (!isJsonObject(value)) return value;
  const { manifestList, configData, ...metadata } = value;
  return {
    ...metadata,
    ...(configData === undefined ? {} : { ...namesOf(value), config: configData }),
    ...(manifestList === undefined || manifestList === null ? {} : { imageIndex: manifestList }),
  };
}

/**
 * Of what the registry told; files of mocks have these parts, or not. A name with a digest has no tag, whatever is written; one
 * without leads to a digest by its tag, which is said with it (kyverno/sdk, `imagedataloader`).
 */
function namesOf(value: JsonObject): JsonObject {
  const [first = '', second] = textOf(value, 'identifier').split('@');
  const asked = second ?? (first.includes(':') ? first : undefined);
  const [name = '', digest] = textOf(value, 'resolvedImage').split('@');
  if (asked !== undefined) return { identifier: asked, digest: digest ?? asked };
  const tag = first === '' ? 'latest' : first;
  return {
    identifier: tag,
    tag,
    ...(digest === undefined ? {} : { digest, resolvedImage: `${name}:${tag}@${digest}` }),
  };
}

function textOf(value: JsonObject, key: string): string {
  const text = member(value, key);
  return typeof text === 'string' ? text : '';
}
