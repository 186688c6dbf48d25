import type { JsonValue } from '../json/json-value.ts';
import { invalidCause } from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';

/** What a validation found, and how many checks ran: the best of several failing alternatives has the most. */
export interface Findings {
  readonly causes: StatusCause[];
  checks: number;
}

/** Validates a value at a path; `old` is the stored value there, whose problems are not held against an update. */
export type ValueValidator = (value: JsonValue, path: string, old: JsonValue | undefined, findings: Findings) => void;

/** The field of problems that belong to no single field, as Go prints a nil path. */
export const NO_FIELD = '<nil>';

/** A problem of no single field. */
export function general(detail: string): StatusCause {
  return invalidCause(NO_FIELD, '', detail);
}

/** Validates apart, so that the findings can be kept or dropped. */
export function attempt(
  validator: ValueValidator,
  value: JsonValue,
  path: string,
  old: JsonValue | undefined,
): Findings {
  const findings: Findings = { causes: [], checks: 0 };
  validator(value, path, old, findings);
  return findings;
}

function merge(into: Findings, other: Findings | undefined): void {
  if (other === undefined) return;
  into.causes.push(...other.causes);
  into.checks += other.checks;
}

function best(failures: readonly Findings[]): Findings | undefined {
  return failures.reduce<Findings | undefined>(
    (found, next) => (found === undefined || next.checks > found.checks ? next : found),
    undefined,
  );
}

/** At least one alternative must hold; of failing ones, the findings of the nearest are told. */
export function checkAnyOf(
  alternatives: readonly ValueValidator[],
  value: JsonValue,
  path: string,
  old: JsonValue | undefined,
  findings: Findings,
): void {
  const failures: Findings[] = [];
  for (const alternative of alternatives) {
    const outcome = attempt(alternative, value, path, old);
    if (outcome.causes.length === 0) {
      merge(findings, outcome);
      return;
    }
    failures.push(outcome);
  }
  findings.causes.push(general(`${JSON.stringify(path)} must validate at least one schema (anyOf)`));
  merge(findings, best(failures));
}

/** Exactly one alternative must hold. */
export function checkOneOf(
  alternatives: readonly ValueValidator[],
  value: JsonValue,
  path: string,
  old: JsonValue | undefined,
  findings: Findings,
): void {
  const outcomes = alternatives.map((alternative) => attempt(alternative, value, path, old));
  const valid = outcomes.filter(({ causes }) => causes.length === 0);
  if (valid.length === 1) {
    merge(findings, valid[0]);
    return;
  }
  const found = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`;
  findings.causes.push(general(`${JSON.stringify(path)} must validate one and only one schema (oneOf). ${found}`));
  if (valid.length === 0) merge(findings, best(outcomes));
}

/** Every alternative must hold. */
export function checkAllOf(
  alternatives: readonly ValueValidator[],
  value: JsonValue,
  path: string,
  old: JsonValue | undefined,
  findings: Findings,
): void {
  let validated = 0;
  for (const alternative of alternatives) {
    const outcome = attempt(alternative, value, path, old);
    if (outcome.causes.length === 0) validated++;
    merge(findings, outcome);
  }
  if (validated === alternatives.length) return;
  const none = validated === 0 ? '. None validated' : '';
  findings.causes.push(general(`${JSON.stringify(path)} must validate all the schemas (allOf)${none}`));
}
