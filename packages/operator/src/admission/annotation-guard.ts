import { isJsonObject, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';

/**
 * The annotations in which the outcome of image verification is told to others (kyverno-core §3.7). They are written
 * by the admission webhook alone: what a submitter writes there is put back or removed before anyone reads it.
 */
export const PROTECTED_ANNOTATIONS = [
  'kyverno.io/verify-images',
  'kyverno.io/verify-images-scoped',
  'kyverno.io/image-verification-outcomes',
] as const;

export interface GuardedWrite {
  readonly operation: 'CREATE' | 'UPDATE';
  readonly subresource: string;
  readonly object: JsonObject;
  readonly oldObject: JsonObject | undefined;
  /** What verification in this request found; absent values remove. Empty when no rule ran. */
  readonly verified: Readonly<Record<string, string>>;
}

/**
 * The value each protected annotation must have after the write; `undefined` means it must be absent. A write through
 * a subresource verifies nothing, so it leaves the values as they were: `pods/status` may carry metadata, and the
 * annotations of a `pods/binding` are copied to the Pod, which no webhook sees again.
 */
export function protectedAnnotations(write: GuardedWrite): Readonly<Record<string, string | undefined>> {
  const wanted: Record<string, string | undefined> = {};
  for (const name of PROTECTED_ANNOTATIONS) {
    wanted[name] =
      write.subresource !== '' && write.subresource !== 'ephemeralcontainers'
        ? annotationOf(write.oldObject, name)
        : write.verified[name];
  }
  return wanted;
}

/** Patch operations that bring the object's protected annotations to `protectedAnnotations`, when they differ. */
export function guardAnnotations(write: GuardedWrite): readonly GuardOperation[] {
  const wanted = protectedAnnotations(write);
  const operations: GuardOperation[] = [];
  let present = isJsonObject(memberAt(write.object, 'metadata', 'annotations'));
  for (const [name, value] of Object.entries(wanted)) {
    const path = `/metadata/annotations/${escapePointer(name)}`;
    const current = rawAnnotationOf(write.object, name);
    if (value === undefined) {
      if (current !== undefined) operations.push({ op: 'remove', path });
    } else if (current !== value) {
      if (!present) operations.push({ op: 'add', path: '/metadata/annotations', value: {} });
      present = true;
      operations.push({ op: current === undefined ? 'add' : 'replace', path, value });
    }
  }
  return operations;
}

export interface GuardOperation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: Json;
}

function rawAnnotationOf(object: JsonObject | undefined, name: string): Json | undefined {
  const annotations = memberAt(object, 'metadata', 'annotations');
  return isJsonObject(annotations) ? member(annotations, name) : undefined;
}

function annotationOf(object: JsonObject | undefined, name: string): string | undefined {
  const value = rawAnnotationOf(object, name);
  return typeof value === 'string' ? value : undefined;
}

function escapePointer(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}
