import schemas from './policy-schemas.json' with { type: 'json' };

/** One node of the schema of a kind, from its CRD; made by `tools/make-policy-schema.ts`. */
export interface SchemaNode {
  /** Object, list, string, boolean, integer, number. */
  readonly t?: 'o' | 'l' | 's' | 'b' | 'i' | 'n';
  readonly p?: Readonly<Record<string, SchemaLink>>;
  readonly r?: readonly string[];
  readonly i?: SchemaLink;
  readonly a?: SchemaLink;
  readonly e?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly len?: number;
  /** Members that must not be given together. */
  readonly not?: readonly string[];
  /** Members of which exactly one must be given. */
  readonly one?: readonly string[];
  /** Any value, or members beyond those named. */
  readonly any?: boolean;
}

/** A node, or the index of a shared one. */
export type SchemaLink = SchemaNode | number;

// The data file is written by the tool in exactly this shape.
const data = schemas as unknown as {
  readonly defs: readonly SchemaNode[];
  readonly roots: Readonly<Record<string, SchemaLink>>;
};

const ANYTHING: SchemaNode = { any: true };

/** The schema of a kind, `undefined` for kinds that are no policy of kyverno.io. */
export function policySchema(apiVersion: string, kind: string): SchemaNode | undefined {
  const key = `${apiVersion}/${kind}`;
  const link = Object.hasOwn(data.roots, key) ? data.roots[key] : undefined;
  return link === undefined ? undefined : follow(link);
}

/** The versions of a kind there are schemas for, as `group/version`. */
export function knownVersions(kind: string): readonly string[] {
  return Object.keys(data.roots)
    .filter((key) => key.endsWith(`/${kind}`))
    .map((key) => key.slice(0, -kind.length - 1));
}

export function follow(link: SchemaLink): SchemaNode {
  return typeof link === 'number' ? (data.defs[link] ?? ANYTHING) : link;
}
