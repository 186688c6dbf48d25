import type { FactRequest, FactSource } from '@vouchsafe/engine/facts';
import type { EntryStore } from './entry-store.ts';

type GlobalContextRequest = Extract<FactRequest, { readonly kind: 'global-context' }>;

/** Answers `globalReference` context entries and `globalContext.Get` of expressions from the entries. Never waits. */
export function createGlobalContextFacts(entries: Pick<EntryStore, 'get'>): FactSource {
  return {
    kinds: new Set(['global-context']),
    fetch: async (requests) =>
      requests.map((request) => {
        const { name, projection } = request as GlobalContextRequest; // `kinds` lets no other through
        return entries.get(name, projection);
      }),
  };
}
