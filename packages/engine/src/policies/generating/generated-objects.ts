import { CelError, type CelValue, toJson } from '@vouchsafe/cel';
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  member,
  memberAt,
  withMember,
} from '../../kernel/json.ts';
import type { PolicyRef } from '../../model/decision.ts';

/** What one evaluation asks for so far, and where it may put it. */
export interface Generator {
  /** Notes objects to exist in `namespace`; in policies of a namespace that is theirs. */
  readonly apply: (namespace: string | undefined, objects: readonly CelValue[]) => boolean | CelError;
  readonly objects: () => readonly JsonObject[];
}

export interface GeneratorOptions {
  readonly policy: PolicyRef;
  /** Whether a kind has no namespaces; an error when nobody can tell. May throw `Need`. */
  readonly isClusterScoped: (apiVersion: string, kind: string) => boolean | CelError;
  /** What is added to each object that is generated in a cluster. */
  readonly labels: (source: JsonObject) => Readonly<Record<string, string>>;
}

/** Objects one policy may generate for one trigger: a list over a whole cluster ends here, not in its API server. */
export const GENERATED_LIMIT = 1000;

/** Collects what `generator.Apply` is told and templates render (kyverno-cel §4.4). */
export function createGenerator(options: GeneratorOptions): Generator {
  const found: JsonObject[] = [];
  return {
    objects: () => found,
    apply: (namespace, objects) => {
      for (const value of objects) {
        const object = toJson(value);
        if (object instanceof CelError) return object;
        for (const item of itemsOf(object)) {
          const generated = toGenerated(item, namespace, options);
          if (generated instanceof CelError) return generated;
          if (found.length >= GENERATED_LIMIT)
            return new CelError(`more than ${GENERATED_LIMIT} objects for one trigger`);
          found.push(generated);
        }
      }
      return true;
    },
  };
}

/** A list stands for its items. */
function itemsOf(object: Json): readonly Json[] {
  const items = isJsonObject(object) ? member(object, 'items') : undefined;
  return isJsonArray(items) ? items : [object];
}

function toGenerated(
  object: Json,
  wanted: string | undefined,
  { policy, isClusterScoped, labels }: GeneratorOptions,
): JsonObject | CelError {
  if (!isJsonObject(object)) return new CelError('an object to generate must be a map');
  const apiVersion = textOf(member(object, 'apiVersion'));
  const kind = textOf(member(object, 'kind'));
  if (kind === '') return new CelError("Object 'Kind' is missing");
  if (apiVersion === '') return new CelError("Object 'apiVersion' is missing");
  const isCluster = isClusterScoped(apiVersion, kind);
  if (isCluster instanceof CelError) return isCluster;
  if (isCluster && policy.namespace !== undefined) {
    const scope = `a policy scoped to namespace "${policy.namespace}"`;
    return new CelError(
      `cross-scope generation denied: ${scope} cannot generate cluster-scoped resource ${apiVersion}/${kind}`,
    );
  }
  const namespace = isCluster ? '' : (policy.namespace ?? wanted ?? '');
  return withMember(object, 'metadata', toMetadata(object, namespace, labels(object)));
}

const SERVER_FIELDS: ReadonlySet<string> = new Set([
  'uid',
  'selfLink',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'managedFields',
  'resourceVersion',
  'namespace',
]);

/** Without what the API server wrote. Owners are of one namespace, so they stay behind when the object leaves it. */
function toMetadata(object: JsonObject, namespace: string, marks: Readonly<Record<string, string>>): JsonObject {
  const written = member(object, 'metadata');
  const metadata: JsonObject = isJsonObject(written) ? written : {};
  const own = textOf(member(metadata, 'namespace'));
  const leaves = own !== '' && own !== namespace;
  const kept = Object.entries(metadata).filter(
    ([key]) => !SERVER_FIELDS.has(key) && !(leaves && key === 'ownerReferences'),
  );
  const labels = memberAt(metadata, 'labels');
  const marked = Object.keys(marks).length > 0 ? { ...(isJsonObject(labels) ? labels : {}), ...marks } : undefined;
  return Object.fromEntries([
    ...kept.filter(([key]) => marked === undefined || key !== 'labels'),
    ...(marked === undefined ? [] : [['labels', marked] as const]),
    ...(namespace === '' ? [] : [['namespace', namespace] as const]),
  ]);
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
