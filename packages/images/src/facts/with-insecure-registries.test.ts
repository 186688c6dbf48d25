import type { FactRequest } from '@vouchsafe/engine/facts';
import { describe, expect, it } from 'vitest';
import type { ImageSource } from './image-source.ts';
import { withInsecureRegistries } from './with-insecure-registries.ts';

describe('--allowInsecureRegistry', () => {
  it('holds for every question about images, and leaves the rest of it as it is', async () => {
    const asked: FactRequest[] = [];
    const source = {
      kinds: new Set(['image-digest']),
      fetch: async (requests: readonly FactRequest[]) => {
        asked.push(...requests);
        return [];
      },
    } as unknown as ImageSource; // what is used of it
    const request: FactRequest = {
      kind: 'image-digest',
      reference: 'registry.example/app:1',
      access: { allowInsecure: false, providers: ['github'], secrets: ['a/b'] },
    };
    await withInsecureRegistries(source).fetch([request], undefined);
    expect(asked).toEqual([{ ...request, access: { ...request.access, allowInsecure: true } }]);
    expect(request.access.allowInsecure).toBe(false);
  });
});
