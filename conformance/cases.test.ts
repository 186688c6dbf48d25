import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCases, readExpectation, runCase } from './run-case.ts';

/** Each folder under `cases/` is a policy, what is submitted, and what must come of it. */
describe('golden cases', () => {
  const cases = findCases(join(import.meta.dirname, 'cases'));

  it('exist', () => expect(cases.length).toBeGreaterThanOrEqual(12));

  it.each(cases)('$name', async (golden) => {
    const expected = readExpectation(golden);
    const outcome = await runCase(golden);
    const { diagnostics, results, response, patched, asked } = expected;
    expect(Object.keys(expected).length, 'expect.yaml says something').toBeGreaterThan(0);
    expect(outcome.diagnostics.filter(({ severity }) => severity === 'error').length > 0, 'has errors').toBe(
      Array.isArray(diagnostics) && diagnostics.some((diagnostic) => Object(diagnostic).severity === 'error'),
    );
    if (Array.isArray(diagnostics)) {
      expect(outcome.diagnostics).toEqual(diagnostics.map((diagnostic) => expect.objectContaining(Object(diagnostic))));
    }
    if (Array.isArray(results))
      expect(outcome.results).toEqual(results.map((result) => expect.objectContaining(Object(result))));
    if (response) expect(outcome.response).toMatchObject(Object(response));
    if (patched) expect(outcome.patched).toMatchObject(Object(patched));
    if (patched === null) expect(outcome.patched).toBeUndefined();
    if (Array.isArray(asked))
      expect(outcome.asked).toEqual(asked.map((request) => expect.objectContaining(Object(request))));
  });
});
