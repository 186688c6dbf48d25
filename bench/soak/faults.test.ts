import { describe, expect, it } from 'vitest';
import { faultsOf } from './faults.ts';
import { steadyReviews } from './reviews.ts';
import type { SoakOutcome } from './soak.ts';
import { type Counts, createTally, type TallySnapshot } from './tally.ts';

const OPTIONS = { verdictsOnly: false, scale: false, start: 100, end: 105 };
const BURST = 'burst on a hanging registry';

function outcome(more: readonly (readonly [kind: string, outcome: keyof Counts, times?: number])[] = []): SoakOutcome {
  const tally = createTally();
  const count = (kind: string, ending: keyof Counts, times = 1) => {
    for (let time = 0; time < times; time += 1) tally.count(kind, ending);
  };
  for (const { name } of steadyReviews({ signed: '', unsigned: '', foreign: '' })) count(name, 'right', 10);
  count('through the API server', 'right');
  count(BURST, 'overloaded');
  for (const [kind, ending, times] of more) count(kind, ending, times);
  return { tally: tally.snapshot(), memory: [100, 105], restarts: 1, bursts: 1, cpu: { replica: 1, steady: 1 } };
}

function without(kind: string): SoakOutcome {
  const all = outcome();
  const kinds = Object.fromEntries(Object.entries(all.tally.kinds).filter(([name]) => name !== kind));
  return { ...all, tally: { ...all.tally, kinds } satisfies TallySnapshot };
}

describe('the faults of a soak', () => {
  it('are none when every verdict is right, and overload is answered by 503', () => {
    expect(faultsOf(outcome(), OPTIONS)).toEqual([]);
    expect(faultsOf(outcome([['signed', 'unsent', 1_000]]), OPTIONS)).toEqual([]);
  });

  it.each<[string, SoakOutcome, Partial<typeof OPTIONS>, string]>([
    ['one wrong verdict', outcome([['unsigned', 'wrong']]), {}, 'unsigned: 1 wrong'],
    ['of an attack as well', outcome([['a body that never ends', 'wrong']]), {}, 'a body that never ends: 1 wrong'],
    [
      'an answer that is neither',
      outcome([['a body over the limit', 'odd']]),
      {},
      'a body over the limit: 1 times neither',
    ],
    ['a kind that was never judged', without('registry hangs'), {}, 'registry hangs: not judged once'],
    [
      'nothing through the API server',
      without('through the API server'),
      {},
      'through the API server: not judged once',
    ],
    ['an overload that was borne', without(BURST), {}, 'never answered by 503'],
    ['no overload', { ...outcome(), bursts: 0 }, {}, 'there was none'],
    ['what was sent and not judged', outcome([['signed', 'unanswered', 6]]), {}, '% of the steady load that was sent'],
    ['what was refused in doubt', outcome([['signed', 'doubtful', 6]]), {}, '% of the steady load that was sent'],
    ['growth', outcome(), { end: 111 }, 'memory grew from 100 to 111 MB'],
    ['growth that is not known', outcome(), { start: Number.NaN, end: Number.NaN }, 'memory grew'],
  ])('%s', (_what, ended, options, fault) => {
    const faults = faultsOf(ended, { ...OPTIONS, ...options });
    expect(faults.join('\n')).toContain(fault);
    expect(faults).toHaveLength(1);
  });

  it('leave out what depends on the machine when verdicts alone are asked for', () => {
    const options = { ...OPTIONS, verdictsOnly: true, end: 500 };
    expect(faultsOf(outcome([['signed', 'unanswered', 6]]), options)).toEqual([]);
    expect(faultsOf(outcome([['signed', 'wrong']]), options)).toHaveLength(1);
  });
});
