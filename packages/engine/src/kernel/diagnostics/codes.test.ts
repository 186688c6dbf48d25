import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { DIAGNOSTIC_CODES } from './codes.ts';

it('every code has its section in docs/errors.md, and every section its code', () => {
  const page = readFileSync(fileURLToPath(new URL('../../../../../docs/errors.md', import.meta.url)), 'utf8');
  const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, name]) => name);
  expect(sections).toEqual(Object.keys(DIAGNOSTIC_CODES));
  for (const text of page.split(/^## /m).slice(1))
    expect(text.split('\n').slice(1).join('').trim().length).toBeGreaterThan(40);
});
