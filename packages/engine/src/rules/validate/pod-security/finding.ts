import type { Container, Pod } from './pod.ts';

export type BadValue = string | boolean | number | readonly string[];

/** One field that breaks a control: `forbidden` with the value found, or `required` and missing. */
export interface FieldError {
  readonly type: 'forbidden' | 'required';
  /** `spec.containers[0].securityContext.privileged`. */
  readonly field: string;
  readonly badValue?: BadValue;
  /** The container it is about. */
  readonly container?: string;
}

/** How a Pod breaks one control. */
export interface Finding {
  /** Kubernetes' short reason, as shown in the rule's message. */
  readonly reason: string;
  /** Absent for a check that names no fields: nothing can exclude it. */
  readonly errors: readonly FieldError[] | undefined;
  /** Names of the containers that Kubernetes' detail sentence lists first; reports name their images. */
  readonly containers: readonly string[] | undefined;
}

export type PodCheck = (pod: Pod) => Finding | undefined;

export function forbidden(field: string, badValue?: BadValue, container?: Container): FieldError {
  return {
    type: 'forbidden',
    field,
    ...(badValue === undefined ? {} : { badValue }),
    ...(container === undefined ? {} : { container: container.name }),
  };
}

export function required(field: string, container: Container): FieldError {
  return { type: 'required', field, container: container.name };
}

/** A finding of these errors, or none; `named` are the errors whose containers reports name. */
export function findingOf(
  reason: string,
  errors: readonly FieldError[],
  named: readonly FieldError[] | undefined = errors,
): Finding | undefined {
  if (errors.length === 0) return undefined;
  return { reason, errors, containers: containersIn(named) };
}

function containersIn(errors: readonly FieldError[] | undefined): readonly string[] | undefined {
  const names = errors?.flatMap(({ container }) => (container === undefined ? [] : [container])) ?? [];
  return names.length > 0 ? [...new Set(names)] : undefined;
}
