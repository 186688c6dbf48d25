import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readKnownGaps, splitFailures } from '../known-gaps.ts';
import { isInCorpus, type RunOptions } from '../section.ts';
import { flipManifest } from './flip-manifest.ts';
import { judge, type ReportedRow, readReports } from './judge.ts';
import { expectationsOf } from './manifest.ts';
import { runCommand } from './run-command.ts';
import { familyOf } from './suite-index.ts';

const [EXPECTED] = expectationsOf({ results: [{ policy: 'p', rule: 'r', resources: ['x', 'ns/y'], result: 'pass' }] });

function row(more: Partial<ReportedRow>): ReportedRow {
  return { POLICY: 'p', RULE: 'r', RESOURCE: 'v1/Pod/default/x', RESULT: 'Pass', REASON: 'Ok', ...more };
}

describe('the judge', () => {
  const outcomes = (...rows: readonly ReportedRow[]) =>
    judge(EXPECTED ? [EXPECTED] : [], rows).map(({ outcome }) => outcome);

  it.each<[string, ReportedRow[], string[]]>([
    ['each resource needs its row', [row({})], ['held', 'missing']],
    ['by namespace where one is given', [row({}), row({ RESOURCE: 'v1/Pod/ns/y' })], ['held', 'held']],
    ['not that of another namespace', [row({ RESOURCE: 'v1/Pod/other/y' })], ['missing', 'missing']],
    ['one bad row of several is enough', [row({}), row({ RESULT: 'Fail' })], ['failed', 'missing']],
    ['rules of autogen are the rule', [row({ RULE: 'autogen-cronjob-r' })], ['held', 'missing']],
    ['other rules are not', [row({ RULE: 'other' })], ['missing', 'missing']],
    ['other policies are not', [row({ POLICY: 'q' })], ['missing', 'missing']],
    ['what was not run is neither', [row({ RESULT: 'Not run' })], ['not-run', 'missing']],
    ['generated objects have bare names', [row({ RESOURCE: 'made' })], ['held', 'held']],
  ])('%s', (_, rows, expected) => {
    expect(outcomes(...rows)).toEqual(expected);
  });

  it('reads the reports between the lines of progress', () => {
    const output = `Loading test ( a ) ...\n\n[\n  {"POLICY": "p"}\n]\n\nLoading ...\n[]\n\nTest Summary: 1\n`;
    expect(readReports(output)).toEqual([[{ POLICY: 'p' }], []]);
  });
});

it('a flipped manifest wants the opposite, from absolute paths', () => {
  const text = flipManifest(
    [
      {
        policies: ['../p.yaml'],
        variables: 'v.yaml',
        results: [
          { policy: 'a', result: 'pass', patchedResources: 'x.yaml' },
          { policy: 'b', result: 'fail', generatedResources: ['y.yaml'] },
          { policy: 'c', result: 'skip' },
        ],
      },
    ],
    '/corpus/suite/kyverno-test.yaml',
  );
  expect(parse(text)).toEqual({
    policies: ['/corpus/p.yaml'],
    variables: '/corpus/suite/v.yaml',
    results: [
      { policy: 'a', result: 'fail', patchedResources: '/corpus/suite/x.yaml' },
      { policy: 'b', result: 'pass', generatedResources: ['/corpus/suite/y.yaml'] },
    ],
  });
});

it('runs the command line as a shell does, and survives it', async () => {
  expect(await runCommand(['jp', 'query', '-c', 'a', '-i', 'none.yaml'], '/')).toMatchObject({
    exitCode: 1,
    stdout: '',
  });
  expect((await runCommand(['no-such-command'], '/')).exitCode).toBe(70);
});

it.each([
  [['ClusterPolicy', 'PolicyException'], 'legacy'],
  [['ClusterPolicy', 'ValidatingPolicy'], 'cel'],
])('suites of %j are %s', (kinds, family) => {
  const record = {
    path: '',
    type: 'cli',
    kinds,
    ruleTypes: [],
    expectations: 0,
    network: false,
    expectFail: false,
    runnable: true,
  };
  expect(familyOf(record)).toBe(family);
});

describe('known gaps', () => {
  it('have an id each, and a reason', () => {
    const gaps = readKnownGaps();
    expect(new Set(gaps.map(({ id }) => id)).size).toBe(gaps.length);
    for (const { id, reason } of gaps) expect([id.includes(':'), reason.length > 20]).toEqual([true, true]);
  });

  it('excuse the failures they list and no others', () => {
    const failures = [
      { id: 'a:1', detail: '' },
      { id: 'a:2', detail: '' },
    ];
    const { known, unexpected } = splitFailures(failures, [{ id: 'a:1', reason: 'for now' }]);
    expect([known, unexpected].map((list) => list.map(({ id }) => id))).toEqual([['a:1'], ['a:2']]);
  });

  it('of a corpus are none of another', () => {
    const corpus = fileURLToPath(new URL('..', import.meta.url));
    const options = { corpus } as RunOptions; // nothing else is looked at
    expect(
      ['cli:cli-suites', 'registry:registry/images.yaml', 'cli:elsewhere'].map((id) => isInCorpus(id, options)),
    ).toEqual([true, true, false]);
  });
});
