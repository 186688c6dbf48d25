import { mkdtempSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findTests } from './test-manifest.ts';

const root = mkdtempSync(join(tmpdir(), 'manifests-'));
afterAll(() => rm(root, { recursive: true }));

const HEAD = 'apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\n';

async function read(text: string) {
  writeFileSync(join(root, 'one.yaml'), text);
  return findTests(join(root, 'one.yaml'), root, 'kyverno-test.yaml');
}

describe('a test manifest', () => {
  it('may hold several documents, each a test', async () => {
    const cases = await read(`${HEAD}policies: [a.yaml, a.yaml]\n---\n${HEAD}policies: [b.yaml]\n---\n`);
    expect(cases.map(({ test }) => test?.policies)).toEqual([['a.yaml'], ['b.yaml']]);
  });

  it('may spell names in any case, as Go reads them', async () => {
    const [found] = await read(`${HEAD}results: [{policy: p, kind: Pod, result: pass, IsValidatingPolicy: true}]\n`);
    expect(found?.test?.results).toHaveLength(1);
  });

  it('tells no resources from an empty list of them', async () => {
    const [found] = await read(
      `${HEAD}results: [{policy: p, result: pass}, {policy: p, result: pass, resources: []}]\n`,
    );
    expect(found?.test?.results.map(({ resources }) => resources)).toEqual([undefined, []]);
  });

  it.each([
    ['an unknown field', `${HEAD}policys: [a.yaml]\n`, 'unknown field "policys"'],
    [
      'an unknown field of a result',
      `${HEAD}results: [{policy: p, status: pass}]\n`,
      'unknown field "results[0].status"',
    ],
    ['the old singular of patchedResources', `${HEAD}results: [{patchedResource: x}]\n`, 'results[0].patchedResource'],
    ['a text where a list is due', `${HEAD}policies: a.yaml\n`, 'wrong type of "policies"'],
    ['broken YAML', 'a: [\n', 'one.yaml:'],
  ])('with %s is an error', async (_, text, message) => {
    expect((await read(text))[0]?.error).toContain(message);
  });

  it.each([['kind: Test\n'], ['name: old\n'], [`${HEAD}name: old\n`]])(
    'in a deprecated schema says so: %j',
    async (text) => {
      expect((await read(text))[0]?.test?.isDeprecated).toBe(true);
    },
  );
});

it('finds manifests by name in all folders below', async () => {
  await mkdir(join(root, 'tree/.hidden/deep'), { recursive: true });
  for (const path of ['tree/kyverno-test.yaml', 'tree/.hidden/deep/kyverno-test.yaml', 'tree/other.yaml']) {
    writeFileSync(join(root, path), HEAD);
  }
  const found = await findTests('tree', root, 'kyverno-test.yaml');
  expect(found.map(({ path }) => path)).toEqual(['tree/.hidden/deep/kyverno-test.yaml', 'tree/kyverno-test.yaml']);
});
