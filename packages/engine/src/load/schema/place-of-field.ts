import { follow, type SchemaLink, type SchemaNode } from './policy-schema.ts';

/** An object on the way to a field: its schema, and its path in the document. */
export interface Holder {
  readonly schema: SchemaNode;
  readonly path: string;
  readonly above?: Holder | undefined;
}

/** Fields that are looked through at most; the deepest schemas have some thousand. */
const MAXIMUM_FIELDS = 10_000;
/** What policies write of a part that is the API server's. */
const OF_METADATA: ReadonlySet<string> = new Set(['name', 'namespace', 'labels', 'annotations']);

/**
 * An object that has a field of this name, which `holder` has not: one around it, the nearest first, or else one within it, the
 * shallowest first; undefined when there is none. What was indented too much or too little is told its place so.
 */
export function placeOfField(name: string, holder: Holder): string | undefined {
  for (let around = holder.above; around; around = around.above) {
    if (knows(around.schema, name)) return around.path === '' ? 'the document' : `\`${around.path}\``;
  }
  const inner = holderWithin(name, holder);
  return inner === undefined ? undefined : `\`${inner}\``;
}

function knows({ p }: SchemaNode, name: string): boolean {
  return p !== undefined && Object.hasOwn(p, name);
}

function holderWithin(name: string, { schema, path }: Holder): string | undefined {
  const waiting: [link: SchemaLink, path: string][] = [[schema, path]];
  for (let seen = 0; seen < waiting.length && seen < MAXIMUM_FIELDS; seen += 1) {
    const [link, place] = waiting[seen] ?? [schema, path];
    const node = follow(link);
    if (knows(node, name) || (place === 'metadata' && OF_METADATA.has(name))) return place;
    if (node.i !== undefined) waiting.push([node.i, `${place}[]`]);
    for (const [key, inner] of Object.entries(node.p ?? {})) {
      if (inner !== undefined) waiting.push([inner, place === '' ? key : `${place}.${key}`]);
    }
  }
  return undefined;
}
