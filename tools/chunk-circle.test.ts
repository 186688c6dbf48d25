import { expect, it } from 'vitest';
import { findCircle } from './chunk-circle.ts';

const chunks = (imports: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(imports).map(([fileName, needed]) => ({ fileName, imports: needed }));

it.each([
  [{ main: ['a', 'b'], a: ['b', 'node:fs'], b: [] }, undefined],
  [{ main: ['a'], a: ['b'], b: ['c'], c: ['a'] }, ['a', 'b', 'c', 'a']],
  [{ a: ['a'] }, ['a', 'a']],
])('%j has the circle %j', (imports, circle) => {
  expect(findCircle(chunks(imports))).toEqual(circle);
});
