import type { Fact } from './fact.ts';
import type { FactRequest } from './fact-request.ts';
import type { FactSource } from './fact-source.ts';
import { FactTable } from './fact-table.ts';

/** Answers as `answer` does, and says of the rest that nobody answers. */
export function answeringSource(answer: (request: FactRequest) => Fact | undefined = () => undefined): FactSource {
  return {
    kinds: new Set<FactRequest['kind']>(),
    fetch: async (requests) =>
      requests.map((request) => answer(request) ?? { ok: false, class: 'unavailable', message: 'nobody answers' }),
  };
}

/** What is known before anybody asks. */
export function tableOf(rows: readonly (readonly [FactRequest, Fact])[]): FactTable {
  const table = new FactTable();
  for (const [request, fact] of rows) table.add(request, fact);
  return table;
}
