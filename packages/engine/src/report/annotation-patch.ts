import type { JsonObject } from '../kernel/json.ts';
import { isJsonObject, member, memberAt } from '../kernel/json.ts';
import type { Decision, PatchOperation } from '../model/decision.ts';
import { mergeImageAnnotations } from '../model/image-annotations.ts';

/**
 * The JSON patch that sets what `annotate` effects ask for, over all decisions: Kyverno writes the outcomes of all
 * policies of a request into one annotation (kyverno-core §3.7).
 */
export function toAnnotationPatch(decisions: readonly Decision[], resource: JsonObject | undefined): PatchOperation[] {
  const wanted = mergeImageAnnotations(
    decisions.flatMap(({ effects }) =>
      effects.flatMap((effect) => (effect.kind === 'annotate' ? [effect.annotations] : [])),
    ),
  );
  const keys = Object.keys(wanted).sort();
  if (keys.length === 0) return [];
  const present = memberAt(resource, 'metadata', 'annotations');
  const operations: PatchOperation[] = [];
  const holder = isJsonObject(present) ? present : undefined;
  if (!holder || Object.keys(holder).length === 0) {
    operations.push({ op: 'add', path: '/metadata/annotations', value: {} });
  }
  for (const key of keys) {
    const path = `/metadata/annotations/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const value = wanted[key];
    if (typeof value === 'string') operations.push({ op: 'add', path, value });
    else if (holder && member(holder, key) !== undefined) operations.push({ op: 'remove', path });
  }
  return operations;
}
