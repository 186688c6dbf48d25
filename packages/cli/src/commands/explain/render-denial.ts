import type { PolicyRef, RuleResult, TraceStep } from '@vouchsafe/engine';
import { adviceFor } from '../../output/advice.ts';

/** One refusal as the operator keeps it. */
export interface Denial {
  readonly time: string;
  readonly operation: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: string;
  readonly message: string;
  readonly decisions: readonly {
    readonly policy: PolicyRef;
    readonly results: readonly RuleResult[];
    readonly trace?: readonly TraceStep[];
  }[];
}

const MARKS: Readonly<Record<TraceStep['outcome'], string>> = { yes: '✓', no: '✗', error: '!', info: '·' };

/** The story of a refusal: request, then for each rule that refused what matched, what was found, what to do. */
export function renderDenial({ time, operation, kind, namespace, name, user, decisions }: Denial): string {
  const where = namespace ? `${namespace}/${name}` : name;
  const lines = [`${operation} ${kind} ${where} by ${user || 'an unknown user'} was refused at ${time}`];
  for (const { policy, results, trace = [] } of decisions) {
    for (const result of results) {
      if (result.status !== 'fail' && result.status !== 'error') continue;
      lines.push('', `${policy.kind} ${policy.name}, rule ${result.rule}`);
      // A policy in CEL is one rule, whatever its result is called.
      const isOne = !policy.apiVersion.startsWith('kyverno.io/');
      for (const { step, outcome, detail } of trace.filter(({ rule }) => isOne || rule === result.rule)) {
        lines.push(`  ${MARKS[outcome]} ${step.padEnd(12)} ${detail}`);
      }
      lines.push(`  ${result.status === 'fail' ? '✗' : '!'} ${'verdict'.padEnd(12)} ${result.message}`);
      if (result.path) lines.push(`    ${'where'.padEnd(12)} ${result.path}`);
      if (result.reason) lines.push(`  → ${'what to do'.padEnd(12)} ${adviceFor(result.reason)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
