import { defineMember, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { compileWildcard, hasWildcard, matchWildcard } from '../../kernel/wildcard.ts';
import { formatAnchor, parseAnchor } from '../../model/anchor.ts';

/**
 * Kyverno replaces wildcard keys under `metadata.labels` and `metadata.annotations` of a pattern by the first key of
 * the resource that they match, anchors kept; entries whose value is no text disappear (kyverno-core §2.9).
 */
export function expandInMetadata(pattern: JsonObject, resource: JsonObject): JsonObject {
  const metadataKey = keyOf(pattern, 'metadata');
  if (metadataKey === undefined) return pattern;
  const metadata = pattern[metadataKey];
  const found = member(resource, 'metadata');
  if (!isJsonObject(metadata) || !isJsonObject(found)) return pattern;
  const expanded = expandTag(expandTag(metadata, found, 'labels'), found, 'annotations');
  return expanded === metadata ? pattern : { ...pattern, [metadataKey]: expanded };
}

/** Which keys of a resource the wildcards of a pattern become; equal texts mean equal expansions. */
export type ExpansionReader = (resource: JsonObject) => string;

/** `expandInMetadata` without making the pattern: for remembering what was made of it. */
export function compileExpansion(pattern: JsonObject): ExpansionReader {
  const metadataKey = keyOf(pattern, 'metadata');
  const metadata = metadataKey === undefined ? undefined : pattern[metadataKey];
  if (!isJsonObject(metadata)) return () => '';
  const readers = TAGS.map((tag) => compileTag(metadata, tag));
  return (resource) => {
    const found = member(resource, 'metadata');
    if (!isJsonObject(found)) return '';
    let text = '';
    for (const read of readers) text += read(found);
    return text;
  };
}

const TAGS = ['labels', 'annotations'] as const;

function compileTag(metadata: JsonObject, tag: string): ExpansionReader {
  const key = keyOf(metadata, tag);
  const entries = key === undefined ? undefined : metadata[key];
  if (!isJsonObject(entries)) return () => '';
  const wanted = Object.entries(entries)
    .filter(([name, value]) => typeof value === 'string' && hasWildcard(name))
    .map(([name]) => compileWildcard(parseAnchor(name)?.key ?? name));
  return (found) => {
    const foundKey = keyOf(found, tag);
    const existing = foundKey === undefined ? undefined : found[foundKey];
    if (!isJsonObject(existing)) return '-';
    let text = '+';
    for (const matches of wanted) text += `${firstName(existing, matches) ?? ''}\n`;
    return text;
  };
}

function firstName(existing: JsonObject, matches: (text: string) => boolean): string | undefined {
  for (const name of Object.keys(existing)) if (typeof existing[name] === 'string' && matches(name)) return name;
  return undefined;
}

/** Whether expansion can change this pattern for some resource. */
export function needsExpansion(pattern: JsonObject): boolean {
  const metadataKey = keyOf(pattern, 'metadata');
  const metadata = metadataKey === undefined ? undefined : pattern[metadataKey];
  if (!isJsonObject(metadata)) return false;
  return TAGS.some((tag) => {
    const key = keyOf(metadata, tag);
    const entries = key === undefined ? undefined : metadata[key];
    return (
      isJsonObject(entries) &&
      Object.entries(entries).some(([name, value]) => hasWildcard(name) || typeof value !== 'string')
    );
  });
}

/** The key of `pattern` that is `name`, bare or inside an anchor. */
function keyOf(pattern: JsonObject, name: string): string | undefined {
  if (Object.hasOwn(pattern, name)) return name;
  return Object.keys(pattern).find((key) => parseAnchor(key)?.key === name);
}

function expandTag(metadata: JsonObject, found: JsonObject, tag: string): JsonObject {
  const key = keyOf(metadata, tag);
  const entries = key === undefined ? undefined : metadata[key];
  const foundKey = keyOf(found, tag);
  const existing = foundKey === undefined ? undefined : found[foundKey];
  if (key === undefined || !isJsonObject(entries) || !isJsonObject(existing)) return metadata;
  const names = Object.keys(existing).filter((name) => typeof existing[name] === 'string');
  const expanded: Record<string, Json> = {};
  for (const [name, value] of Object.entries(entries)) {
    if (typeof value === 'string') defineMember(expanded, expandKey(name, names), value);
  }
  return { ...metadata, [key]: expanded };
}

function expandKey(key: string, names: readonly string[]): string {
  if (!hasWildcard(key)) return key;
  const anchor = parseAnchor(key);
  const wanted = anchor?.key ?? key;
  const name = names.find((candidate) => matchWildcard(wanted, candidate)) ?? wanted;
  return anchor ? formatAnchor({ modifier: anchor.modifier, key: name }) : name;
}
