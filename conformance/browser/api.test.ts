import { readFileSync } from 'node:fs';
import * as engine from '@vouchsafe/engine';
import * as facts from '@vouchsafe/engine/facts';
import * as kernel from '@vouchsafe/engine/kernel';
import { expect, it } from 'vitest';

/** Functions and classes; types leave nothing to look at. */
it('the functions that the README documents exist', () => {
  const readme = readFileSync(new URL('../../packages/engine/README.md', import.meta.url), 'utf8');
  const table = readme.slice(readme.indexOf('## The API'), readme.indexOf('What else the entries export'));
  const cells = table.split('\n').flatMap((line) => line.split('|')[1] ?? []);
  const names = cells.flatMap((cell) => [...cell.matchAll(/`([a-z]\w+)(?:\(|`)/g)].map(([, name = '']) => name));
  expect(names.length).toBeGreaterThanOrEqual(12);
  const exported = new Set([engine, facts, kernel].flatMap((module) => Object.keys(module)));
  expect(names.filter((name) => !exported.has(name))).toEqual([]);
});
