import { CONTROLS, type Control, checkAt, LATEST, type PodSecurityLevel } from './controls.ts';
import type { Finding, PodCheck } from './finding.ts';
import type { Pod } from './pod.ts';

export interface Violation extends Finding {
  readonly control: Control;
}

/**
 * How Kyverno applies Pod Security: each check in the newest version asked for, a check that is newer as a whole in
 * its oldest; no check suppresses another; every level but baseline runs them all (kyverno-core §2.13).
 */
export function evaluatePod(pod: Pod, level: string, minor: number): readonly Violation[] {
  return compilePodEvaluation(level, minor)(pod);
}

export type PodEvaluation = (pod: Pod) => readonly Violation[];

/** The same for a level and version that are known beforehand. */
export function compilePodEvaluation(level: string, minor: number): PodEvaluation {
  const checks = CONTROLS.filter((control) => level !== 'baseline' || control.level === 'baseline').flatMap(
    (control) => {
      const check = checkAt(control, minor) ?? oldestOf(control);
      return check ? [{ control, check }] : [];
    },
  );
  return (pod) => {
    let violations: Violation[] | undefined;
    for (const { control, check } of checks) {
      const finding = check(pod);
      if (!finding) continue;
      violations ??= [];
      violations.push({ ...finding, control });
    }
    return violations ?? NO_VIOLATIONS;
  };
}

const NO_VIOLATIONS: readonly Violation[] = [];

/** Checks that came after those Kyverno is built on are no checks of its. */
function oldestOf({ versions: [oldest] }: Control): PodCheck | undefined {
  return oldest && oldest[0] <= LATEST ? oldest[1] : undefined;
}

/** How Kubernetes applies it: checks newer than the version asked for do not exist yet. */
export function evaluateStandard(pod: Pod, level: PodSecurityLevel, minor: number): readonly Violation[] {
  return evaluatePod(pod, level, minor).filter(({ control }) => checkAt(control, minor) !== undefined);
}
