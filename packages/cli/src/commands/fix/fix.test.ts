import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { fixCommand } from './fix-command.ts';
import { fixPolicy } from './fix-policy.ts';
import { fixTest } from './fix-test.ts';

const OLD = {
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name: 'p' },
  spec: {
    validationFailureAction: 'enforce',
    rules: [
      {
        name: 'r',
        match: { resources: { kinds: ['Pod'] }, clusterRoles: ['x'] },
        exclude: { any: [{ resources: { kinds: ['Job'] } }], resources: {} },
        preconditions: [{ key: 'a', operator: 'In', value: ['a'] }],
        validate: { pattern: {} },
      },
    ],
  },
};

describe('fix policy', () => {
  it('moves old forms to new ones', () => {
    const { document, warnings } = fixPolicy(OLD);
    expect(document).toMatchObject({
      spec: {
        validationFailureAction: 'Enforce',
        rules: [
          {
            match: { any: [{ resources: { kinds: ['Pod'] }, clusterRoles: ['x'] }] },
            exclude: { any: [{ resources: { kinds: ['Job'] } }] },
            preconditions: { all: [{ key: 'a', operator: 'AllIn', value: ['a'] }] },
          },
        ],
      },
    });
    expect(warnings).toEqual(['match uses old syntax, moving to any', 'condition uses old operator `In`, updating']);
  });

  it('leaves alone what is new, and is done after once', () => {
    const { document } = fixPolicy(OLD);
    expect(fixPolicy(document)).toEqual({ document, warnings: [] });
  });

  it('writes with --save alone, and no file that holds other things', async () => {
    const cwd = createFolder({ 'p.yaml': JSON.stringify(OLD), 'other.yaml': 'kind: Pod\n' });
    const dry = await runCaptured(fixCommand, ['policy', '.'], { cwd });
    expect(dry.stdout).toContain('  WARNING: match uses old syntax, moving to any\n');
    expect(readFileSync(join(cwd, 'p.yaml'), 'utf8')).toBe(JSON.stringify(OLD));
    const saved = await runCaptured(fixCommand, ['policy', '.', '--save'], { cwd });
    expect(saved.stdout).toMatch(/ {2}Saving file \(.*p\.yaml\)\.\.\.\n {4}OK\nDone\.\n$/);
    expect(parse(readFileSync(join(cwd, 'p.yaml'), 'utf8')).spec.validationFailureAction).toBe('Enforce');
    expect(readFileSync(join(cwd, 'other.yaml'), 'utf8')).toBe('kind: Pod\n');
  });
});

describe('fix test', () => {
  it('completes the header, and sorts results', () => {
    const { document, warnings } = fixTest(
      {
        name: 'old',
        policies: ['p'],
        resources: ['r'],
        results: [
          { policy: 'b', result: 'pass', resources: ['x', 'x'] },
          { policy: 'a', result: 'pass' },
        ],
      },
      'kyverno-test.yaml',
      false,
    );
    expect(document).toEqual({
      apiVersion: 'cli.kyverno.io/v1alpha1',
      kind: 'Test',
      metadata: { name: 'old' },
      policies: ['p'],
      resources: ['r'],
      results: [
        { policy: 'a', result: 'pass' },
        { policy: 'b', result: 'pass', resources: ['x'] },
      ],
    });
    expect(warnings).toHaveLength(4);
  });

  it('moves fields of old schemas', () => {
    const results = [{ policy: 'a', rule: 'r', resource: 'x', namespace: 'n', status: 'pass', patchedResource: 'f' }];
    const { document, warnings } = fixTest({ results }, 'f', false);
    expect(document['results']).toEqual([
      { policy: 'a', rule: 'r', result: 'pass', patchedResources: 'f', resources: ['n/x'] },
    ]);
    expect(warnings.filter((warning) => warning.includes('deprecated'))).toHaveLength(4);
  });

  it('says what it cannot mend or read, and fails', async () => {
    const cwd = createFolder({
      'a/kyverno-test.yaml': 'kind: Test\nfoo: bar\nresults: [{policy: p, nope: x}]\n',
      'b/kyverno-test.yaml': 'kind: [',
      'c/policy.yaml': 'kind: [',
    });
    const run = (...args: readonly string[]) => runCaptured(fixCommand, args, { cwd });
    const { code, stdout } = await run('test', 'a');
    expect([code, stdout]).toEqual([1, expect.stringContaining('  ERROR: unknown field "results[0].nope"')]);
    expect(await run('test', 'b')).toMatchObject({ code: 1, stdout: expect.stringContaining('ERROR: loading test') });
    expect(await run('policy', 'c')).toMatchObject({ code: 1, stdout: expect.stringContaining('c/policy.yaml:1:') });
  });

  it('puts results together that differ in their resources alone', () => {
    const results = [
      { policy: 'a', rule: 'r', result: 'pass', resources: ['x'] },
      { policy: 'a', rule: 'r', result: 'fail', resources: ['y'] },
      { policy: 'a', rule: 'r', result: 'pass', resources: ['z', 'x'] },
    ];
    expect(fixTest({ results }, 'f', true).document['results']).toEqual([
      { policy: 'a', rule: 'r', result: 'fail', resources: ['y'] },
      { policy: 'a', rule: 'r', result: 'pass', resources: ['x', 'z'] },
    ]);
  });

  it('gives the files a manifest names their kind', async () => {
    const cwd = createFolder({
      'kyverno-test.yaml': 'apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: t}\nvariables: v.yaml\n',
      'v.yaml': 'globalValues: {a: b}\n',
    });
    await runCaptured(fixCommand, ['test', '.', '--save'], { cwd });
    expect(parse(readFileSync(join(cwd, 'v.yaml'), 'utf8'))).toEqual({
      apiVersion: 'cli.kyverno.io/v1alpha1',
      kind: 'Values',
      globalValues: { a: 'b' },
    });
  });
});
