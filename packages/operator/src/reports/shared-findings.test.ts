import type { PolicyReportResult } from '@vouchsafe/engine/report';
import { describe, expect, it } from 'vitest';
import { createSharedFindings, saysTheSame } from './shared-findings.ts';

function result(given: Partial<PolicyReportResult> = {}): PolicyReportResult {
  return {
    source: 'kyverno',
    policy: 'p',
    rule: 'r',
    result: 'pass',
    message: 'rule passed',
    scored: true,
    timestamp: { seconds: 1, nanos: 0 },
    ...given,
  };
}

describe('shared findings', () => {
  it('are one object for what is the same but for its time', () => {
    const shared = createSharedFindings();
    const first = shared.of('o', result());
    expect(shared.of('o', result({ timestamp: { seconds: 2, nanos: 0 } }))).toBe(first);
    expect(first.key).toBe('o|r');
    expect(first.said).not.toHaveProperty('timestamp');
  });

  it.each([
    ['another owner', 'other', {}],
    ['another rule', 'o', { rule: 's' }],
    ['another message', 'o', { message: 'm' }],
    ['other properties', 'o', { properties: { process: 'background scan' } }],
  ])('are not for %s', (_, owner, given) => {
    const shared = createSharedFindings();
    const [one, other] = [shared.of('o', result()), shared.of(owner, result(given))];
    expect(saysTheSame(one, other)).toBe(false);
  });

  it('are compared by what they say when one was forgotten and made again', () => {
    const shared = createSharedFindings();
    const first = shared.of('o', result());
    for (let index = 0; index < 20_001; index += 1) shared.of('o', result({ message: `m${index}` }));
    const again = shared.of('o', result());
    expect(again).not.toBe(first);
    expect(saysTheSame(again, first)).toBe(true);
  });
});
