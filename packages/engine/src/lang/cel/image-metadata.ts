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

/** Of what the registry told; files of mocks have these parts, or not. */
function namesOf(value: JsonObject): JsonObject {
  const [tag = '', asked] = textOf(value, 'identifier').split('@');
  const digest = textOf(value, 'resolvedImage').split('@')[1];
  const named = tag === '' && asked === undefined ? 'latest' : tag;
  return {
    identifier: asked ?? named,
    ...(named === '' ? {} : { tag: named }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function textOf(value: JsonObject, key: string): string {
  const text = member(value, key);
  return typeof text === 'string' ? text : '';
}
