import { isJsonObject, type Json, type JsonObject, member, memberAt, withMember } from '@vouchsafe/engine/kernel';
import { PROTECTED_ANNOTATIONS } from '../settings/protected-annotations.ts';

export interface GuardOperation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: Json;
}

/**
 * The object without its protected annotations, and the patch that says so. Whatever a submitter wrote there is gone
 * before a rule is evaluated; what this request verifies is written afterwards. On UPDATE too: an outcome that nobody
 * confirms any more (the label that selected the rule was removed) does not stay.
 */
export function stripProtectedAnnotations(object: JsonObject): {
  readonly object: JsonObject;
  readonly operations: readonly GuardOperation[];
} {
  const metadata = memberAt(object, 'metadata');
  const annotations = memberAt(metadata, 'annotations');
  if (!isJsonObject(metadata) || !isJsonObject(annotations)) return { object, operations: [] };
  const claimed = PROTECTED_ANNOTATIONS.filter((name) => Object.hasOwn(annotations, name));
  if (claimed.length === 0) return { object, operations: [] };
  const names: ReadonlySet<string> = new Set(claimed);
  const kept = Object.fromEntries(Object.entries(annotations).filter(([name]) => !names.has(name)));
  return {
    object: withMember(object, 'metadata', withMember(metadata, 'annotations', kept)),
    operations: claimed.map((name) => ({ op: 'remove', path: pointerOf(name) })),
  };
}

/**
 * The patch for a write through a subresource, which verifies nothing: protected annotations stay as they were.
 * `pods/status` may carry metadata, and the annotations of a `pods/binding` are copied to the Pod, which no webhook
 * sees again.
 */
export function restoreProtectedAnnotations(
  object: JsonObject,
  oldObject: JsonObject | undefined,
): readonly GuardOperation[] {
  const operations: GuardOperation[] = [];
  let present = isJsonObject(memberAt(object, 'metadata', 'annotations'));
  for (const name of PROTECTED_ANNOTATIONS) {
    const current = annotationOf(object, name);
    const before = annotationOf(oldObject, name);
    if (current === before) continue;
    if (before === undefined) {
      operations.push({ op: 'remove', path: pointerOf(name) });
      continue;
    }
    if (!present) operations.push({ op: 'add', path: '/metadata/annotations', value: {} });
    present = true;
    operations.push({ op: current === undefined ? 'add' : 'replace', path: pointerOf(name), value: before });
  }
  return operations;
}

function annotationOf(object: JsonObject | undefined, name: string): Json | undefined {
  const annotations = memberAt(object, 'metadata', 'annotations');
  return isJsonObject(annotations) ? member(annotations, name) : undefined;
}

function pointerOf(name: string): string {
  return `/metadata/annotations/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
