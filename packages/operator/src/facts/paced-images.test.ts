import type { FactRequest, FactSource } from '@vouchsafe/engine/facts';
import { describe, expect, it } from 'vitest';
import { createPacedImages } from './paced-images.ts';

const access = { allowInsecure: false, providers: [], secrets: [] };
const about = (
  reference: string,
  kind: 'image-verification' | 'image-digest' | 'image-data' = 'image-verification',
): FactRequest =>
  kind !== 'image-verification'
    ? { kind, reference, access }
    : {
        kind,
        reference,
        type: 'Cosign',
        attestors: [],
        attestations: [],
        annotations: {},
        cosignOCI11: false,
        useCache: true,
        access,
      };

function setUp(perSecond: number) {
  let time = 0;
  const waits: number[] = [];
  const source: FactSource = {
    kinds: new Set(['image-verification', 'image-digest']),
    fetch: async (requests) => requests.map(() => ({ ok: true, value: null })),
  };
  const paced = createPacedImages(source, {
    perSecond,
    now: () => time,
    wait: async (ms) => waits.push(ms),
  });
  return { paced, waits, pass: (ms: number) => (time += ms) };
}

describe('images asked about at a pace', () => {
  it('wait for their turn, each its own', async () => {
    const { paced, waits, pass } = setUp(10);
    await paced.fetch([about('a'), about('b'), about('c', 'image-data')], undefined);
    expect(waits).toEqual([100, 200]);
    pass(250);
    await paced.fetch([about('d')], undefined);
    pass(1000);
    await paced.fetch([about('e')], undefined);
    expect(waits).toEqual([100, 200, 50]);
  });

  it('do not wait when they were asked about a moment ago, nor when the question is another or its time is over', async () => {
    const { paced, waits, pass } = setUp(1);
    await paced.fetch([about('a')], undefined);
    await paced.fetch([about('a'), about('b', 'image-digest')], undefined);
    await paced.fetch([about('c')], AbortSignal.abort());
    expect(waits).toEqual([]);
    pass(70_000);
    await paced.fetch([about('a'), about('b')], undefined);
    expect(waits).toEqual([1000]);
  });

  it('let a thousand and more pass in a minute, as told', async () => {
    const { paced, waits } = setUp(50);
    await paced.fetch(
      Array.from({ length: 1001 }, (_, index) => about(String(index))),
      undefined,
    );
    expect(Math.max(...waits)).toBe(20_000);
  });
});
