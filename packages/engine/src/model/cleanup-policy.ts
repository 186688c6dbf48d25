import type { Json, JsonObject } from '../kernel/json.ts';
import type { PropagationPolicy } from './cleanup-plan.ts';
import { toPropagationPolicy } from './cleanup-plan.ts';
import type { PolicyRef } from './decision.ts';
import { toMatchResources } from './match-document.ts';
import type { MatchResources, SourceMap } from './policy.ts';
import { readObject, readObjects, readText, readTextMap } from './read-json.ts';

/** CleanupPolicy and ClusterCleanupPolicy (kyverno.io/v2, v2beta1; kyverno-core §1.4). */
export interface CleanupPolicy {
  readonly family: 'cleanup';
  readonly ref: PolicyRef;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: CleanupPolicySpec;
  readonly document: JsonObject;
  readonly sources: SourceMap;
}

export interface CleanupPolicySpec {
  readonly match: MatchResources;
  readonly exclude: MatchResources | undefined;
  readonly context: readonly JsonObject[];
  /** `{any, all}` or the legacy list, as written. */
  readonly conditions: Json | undefined;
  readonly schedule: string;
  readonly propagationPolicy: PropagationPolicy | undefined;
  /** It runs by itself, never in an admission. */
  readonly background: true;
  readonly admission: false;
}

/** One that passed its schema. */
export function toCleanupPolicy(document: JsonObject, sources: SourceMap): CleanupPolicy {
  const metadata = readObject(document, 'metadata');
  const kind = readText(document, 'kind') ?? '';
  const spec = readObject(document, 'spec') ?? {};
  const exclude = readObject(spec, 'exclude');
  const uid = readText(metadata, 'uid');
  const resourceVersion = readText(metadata, 'resourceVersion');
  return {
    family: 'cleanup',
    ref: {
      apiVersion: readText(document, 'apiVersion') ?? '',
      kind,
      name: readText(metadata, 'name') ?? '',
      ...(kind === 'CleanupPolicy' ? { namespace: readText(metadata, 'namespace') || 'default' } : {}),
      ...(uid ? { uid } : {}),
      ...(resourceVersion ? { resourceVersion } : {}),
    },
    labels: readTextMap(metadata, 'labels'),
    annotations: readTextMap(metadata, 'annotations'),
    spec: {
      match: toMatchResources(readObject(spec, 'match') ?? {}),
      exclude: exclude && toMatchResources(exclude),
      context: readObjects(spec, 'context'),
      conditions: readObject(spec, 'conditions'),
      schedule: readText(spec, 'schedule') ?? '',
      propagationPolicy: toPropagationPolicy(readText(spec, 'deletionPropagationPolicy')),
      background: true,
      admission: false,
    },
    document,
    sources,
  };
}
