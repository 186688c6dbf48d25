import { describe, expect, it } from 'vitest';
import { toWorkflowCommands } from './findings/github.ts';
import { toJunit } from './findings/junit.ts';
import type { ReportedFinding } from './findings/reported-finding.ts';
import { toSarif } from './findings/sarif.ts';
import { diffLines } from './line-diff.ts';
import { createPalette, renderTable, wantsColour } from './table.ts';
import { escapeXml } from './xml.ts';

describe('a comparison of lines', () => {
  it('shows what is on one side only, with its surroundings', () => {
    const expected = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].join('\n');
    expect(diffLines(expected, expected.replace('e', 'E').replace('h', 'h\ni')).split('\n')).toEqual([
      '  …',
      '  b',
      '  c',
      '  d',
      '- e',
      '+ E',
      '  f',
      '  g',
      '  h',
      '+ i',
    ]);
  });

  it.each([
    ['a', 'a', '  …'],
    ['', 'x', '-\n+ x'],
    ['a\nb', 'b\na', '- a\n  b\n+ a'],
  ])('of %j and %j', (a, b, diff) => {
    expect(diffLines(a, b)).toBe(diff);
  });
});

describe('a table', () => {
  const columns = [
    { title: 'id', text: (row: string) => String(row.length) },
    { title: 'name', text: (row: string) => row, paint: (_: string, text: string) => createPalette(true).good(text) },
  ];

  it('has borders, titles in capitals and cells of several lines', () => {
    expect(renderTable(['ab', 'c\nd'], [{ title: 'x', text: (row) => row }], createPalette(false))).toBe(
      '│────│\n│ X  │\n│────│\n│ ab │\n│ c  │\n│ d  │\n│────│\n'.replaceAll('│────│', '│────│'),
    );
  });

  it('is as wide coloured as it is plain', () => {
    const text = renderTable(['ab', 'c'], columns, createPalette(true));
    const widths = text
      .trimEnd()
      .split('\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
      .map((line) => line.replaceAll(/\u001b\[[\d;]*m/g, '').length);
    expect(new Set(widths).size).toBe(1);
  });

  it('counts more than ten rows in its first title', () => {
    expect(renderTable(Array(11).fill('a'), columns, createPalette(false))).toContain('ID (11)');
  });

  it.each([
    [false, true, {}, true],
    [true, true, {}, false],
    [false, true, { NO_COLOR: '1' }, false],
    [false, false, {}, false],
    [false, false, { FORCE_COLOR: '1' }, true],
  ])('colours: removed %s, terminal %s, environment %j: %s', (removed, terminal, env, expected) => {
    expect(wantsColour(removed, terminal, env)).toBe(expected);
  });
});

const FINDING: ReportedFinding = {
  policy: { name: 'p' },
  annotations: { 'policies.kyverno.io/severity': 'high', 'policies.kyverno.io/title': 'A title' },
  result: { rule: 'r', message: 'no <label>\n100%', path: '/metadata/labels/' },
  status: 'fail',
  resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: 'x' },
  place: { file: 'a b/c.yaml', line: 3, column: 5 },
};
const WARNED: ReportedFinding = { ...FINDING, status: 'warn', annotations: {}, place: undefined };
const EXCEPTED: ReportedFinding = {
  ...FINDING,
  status: 'skip',
  result: { rule: 'r', message: 'skipped', exceptions: ['ns/e'] },
};
const PASSED: ReportedFinding = { ...FINDING, status: 'pass' };

describe('SARIF', () => {
  const log = JSON.parse(toSarif([FINDING, WARNED, EXCEPTED, PASSED], { name: 'tool', version: '1' }));
  const [run] = log.runs;

  it('has a result for what is wrong and a suppressed one for what is excepted', () => {
    expect(
      run.results.map(({ level, suppressions }: { level: string; suppressions?: object[] }) => [
        level,
        suppressions?.length,
      ]),
    ).toEqual([
      ['error', undefined],
      ['warning', undefined],
      ['none', 1],
    ]);
  });

  it('names places relative to the folder, as URIs', () => {
    expect(run.results[0].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: 'a%20b/c.yaml', uriBaseId: 'ROOT' },
      region: { startLine: 3, startColumn: 5 },
    });
    expect(run.results[1].locations[0].physicalLocation).toBeUndefined();
  });

  it('describes each rule once', () => {
    expect(run.tool.driver.rules).toHaveLength(1);
    expect(run.tool.driver.rules[0]).toMatchObject({
      id: 'p/r',
      name: 'A title',
      properties: { 'security-severity': '8.0' },
    });
  });

  it('has fingerprints that lines do not change', () => {
    const moved = JSON.parse(
      toSarif([{ ...FINDING, place: { file: 'a b/c.yaml', line: 99, column: 1 } }], { name: 'tool', version: '1' }),
    );
    expect(moved.runs[0].results[0].partialFingerprints).toEqual(run.results[0].partialFingerprints);
  });
});

it('workflow commands escape what would end them, the worst first', () => {
  expect(toWorkflowCommands([WARNED, FINDING, PASSED])).toBe(
    '::error file=a b/c.yaml,line=3,col=5,title=p/r::Pod/n/x: no <label>%0A100%25\n' +
      '::warning title=p/r::Pod/n/x: no <label>%0A100%25\n',
  );
});

it('JUnit counts and escapes', () => {
  const text = toJunit([FINDING, EXCEPTED, PASSED]);
  expect(text).toContain('<testsuites tests="3" failures="1" errors="0" skipped="1">');
  expect(text).toContain('<failure message="no &lt;label&gt;">no &lt;label&gt;\n100%</failure>');
  expect(text.match(/<testcase /g)).toHaveLength(3);
});

it('XML cannot hold control characters', () => {
  expect(escapeXml('a\u0000"<&>\n')).toBe('a\ufffd&quot;&lt;&amp;&gt;&#10;');
});
