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
  }[];
}

export function renderExplanation({ policy, phase, resource, rules }: Explanation): string {
  const lines = [`${policy} on ${resource} (${phase})`];
  for (const { rule, status, message, steps } of rules) {
    lines.push(`  ${rule === '' ? 'policy' : `rule ${rule}`}: ${status}`);
    for (const { step, outcome, detail, path } of steps) {
      lines.push(`    ${step.padEnd(12)} ${outcome.padEnd(5)} ${path ? `${path} ` : ''}${detail}`.trimEnd());
    }
    const isTold = steps.some(({ detail }) => detail === message);
    if (message !== '' && !isTold) lines.push(...message.split('\n').map((line) => `    ${line}`.trimEnd()));
  }
  return `${lines.join('\n')}\n`;
}
