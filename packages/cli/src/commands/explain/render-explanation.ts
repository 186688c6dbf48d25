import type { TraceStep } from '@vouchsafe/engine';

/** What one policy said of one resource, and how it came to that. */
export interface Explanation {
  readonly policy: string;
  readonly phase: string;
  /** `namespace/Kind/name`. */
  readonly resource: string;
  readonly rules: readonly {
    readonly rule: string;
    /** That of the result, or `not applied`. */
    readonly status: string;
    readonly message: string;
    readonly steps: readonly TraceStep[];
    /** What the result leaves unsaid of the rule and this resource. */
    readonly notes: readonly string[];
  }[];
}

export function renderExplanation({ policy, phase, resource, rules }: Explanation): string {
  const lines = [`${policy} on ${resource} (${phase})`];
  for (const { rule, status, message, steps, notes } of rules) {
    lines.push(`  ${rule === '' ? 'policy' : `rule ${rule}`}: ${status}`);
    for (const { step, outcome, detail, path } of steps) {
      lines.push(`    ${step.padEnd(12)} ${outcome.padEnd(5)} ${path ? `${path} ` : ''}${detail}`.trimEnd());
    }
    for (const note of notes) lines.push(`    ${'note'.padEnd(18)} ${note}`);
    const isTold = steps.some(({ detail }) => detail === message);
    if (message !== '' && !isTold) lines.push(...message.split('\n').map((line) => `    ${line}`.trimEnd()));
  }
  return `${lines.join('\n')}\n`;
}
