import { isJsonArray, type Json, type JsonObject, member } from '../../../kernel/json.ts';
import { matchWildcard } from '../../../kernel/wildcard.ts';
import type { PodEvaluation, Violation } from './evaluate-pod.ts';
import type { BadValue, FieldError } from './finding.ts';
import { CONTAINER_LISTS, createPod, type Pod } from './pod.ts';

/** One entry of `podSecurity.exclude`, or of a PolicyException's `podSecurity`. */
export interface Exclusion {
  readonly controlName: string;
  /** Empty: the Pod itself is excluded from the control, not its containers. */
  readonly images: readonly string[];
  readonly restrictedField: string;
  readonly values: readonly string[];
}

export function readExclusion(entry: JsonObject): Exclusion {
  return {
    controlName: textOf(member(entry, 'controlName')),
    images: textsOf(member(entry, 'images')),
    restrictedField: textOf(member(entry, 'restrictedField')),
    values: textsOf(member(entry, 'values')),
  };
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(value: Json | undefined): readonly string[] {
  return isJsonArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/**
 * Takes out of `violations` what the exclusions allow. Each is evaluated alone: on the Pod without its containers, or
 * on the containers whose image matches without the Pod's settings (kyverno-core §2.13).
 */
export function applyExclusions(
  violations: readonly Violation[],
  exclusions: readonly Exclusion[],
  pod: Pod,
  evaluatePod: PodEvaluation,
): readonly Violation[] {
  let left = violations;
  for (const exclusion of exclusions) {
    if (left.length === 0) return left;
    const subject = exclusion.images.length === 0 ? withoutContainers(pod) : matchingContainers(pod, exclusion.images);
    const allowed = evaluatePod(subject).filter(({ control }) => isNamed(control.name, exclusion));
    left = allowed.reduce((rest, { control, errors }) => {
      const wanted = (errors ?? []).filter((error) => isExcluded(error, exclusion));
      return rest.flatMap((violation) => {
        return violation.control.id === control.id ? removeErrors(violation, wanted, exclusion) : [violation];
      });
    }, left);
  }
  return left;
}

function isNamed(name: string, { controlName }: Exclusion): boolean {
  return name !== '' && name === controlName;
}

function withoutContainers({ spec, annotations }: Pod): Pod {
  const rest: Record<string, Json> = { ...spec, containers: [{ name: 'fake' }] };
  delete rest['initContainers'];
  delete rest['ephemeralContainers'];
  return createPod(rest, annotations);
}

function matchingContainers({ spec }: Pod, images: readonly string[]): Pod {
  const kept: Record<string, Json> = {};
  for (const list of CONTAINER_LISTS) {
    const items = member(spec, list);
    if (!isJsonArray(items)) continue;
    kept[list] = items.filter((item) => {
      const image = textOf(typeof item === 'object' && item !== null ? member(item as JsonObject, 'image') : undefined);
      return images.some((pattern) => matchWildcard(pattern, image));
    });
  }
  return createPod(kept, {});
}

function isExcluded({ field, badValue }: FieldError, { restrictedField, values }: Exclusion): boolean {
  if (restrictedField !== '' && anyIndex(field) !== restrictedField) return false;
  return (
    values.length === 0 || textsOfBadValue(badValue).every((text) => values.some((value) => matchWildcard(value, text)))
  );
}

/** Numbers become `*`, wherever they are in the field. */
function anyIndex(field: string): string {
  return field.replace(/[0-9]+/g, '*');
}

function textsOfBadValue(badValue: BadValue | undefined): readonly string[] {
  if (badValue === undefined || badValue === '') return [];
  return typeof badValue === 'object' ? badValue : [String(badValue)];
}

/** Removes one error for each excluded one; a violation without errors left is gone. */
function removeErrors(
  violation: Violation,
  excluded: readonly FieldError[],
  { images }: Exclusion,
): readonly Violation[] {
  if (violation.errors === undefined || excluded.length === 0) return [violation];
  const errors = [...violation.errors];
  for (const { field, container } of excluded) {
    const wanted = anyIndex(field);
    const at = errors.findIndex(
      (error) => anyIndex(error.field) === wanted && (images.length === 0 || error.container === container),
    );
    if (at < 0) continue;
    // As upstream, the last error takes the place of the one removed.
    const last = errors.pop();
    if (last && at < errors.length) errors[at] = last;
  }
  return errors.length > 0 ? [{ ...violation, errors }] : [];
}
