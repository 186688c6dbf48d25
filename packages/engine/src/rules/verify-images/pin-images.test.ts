import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.ts';
import { A, imageOf, KEYS, pod, run, verified } from './verify-images.fixture.ts';

describe('digests', () => {
  it('without attestors an image is only pinned', () => {
    const entries = [{ imageReferences: ['*'], required: false }];
    const ran = run({ entries, resource: pod('ghcr.io/a:1'), facts: () => ({ ok: true, value: A }) });
    expect(ran.outcomes).toMatchObject([{ status: 'pass', message: 'mutated image digest' }]);
    expect(imageOf(ran.outcomes[0]?.resource)).toEqual([`ghcr.io/a:1@${A}`]);
    expect(ran.outcomes[0]?.effects?.some(({ kind }) => kind === 'annotate')).toBe(false);
  });

  it('an image that did not verify is not pinned', () => {
    const ran = run({
      entries: [{ imageReferences: ['*'], ...KEYS }],
      resource: pod('ghcr.io/a:1'),
      facts: () => verified(A, { verified: false }),
    });
    expect(ran.outcomes[0]?.resource).toBeUndefined();
  });

  it('goes to the field it was read from, though a key holds a slash', () => {
    const resource: JsonObject = {
      kind: 'Task',
      spec: { 'a/b': { image: 'ghcr.io/a:1' }, a: { b: { image: 'untouched' } } },
    };
    const ran = run({
      entries: [{ imageReferences: ['*'], ...KEYS }],
      resource,
      extractors: { Task: [{ path: '/spec/*/image' }] },
      facts: () => verified(A),
    });
    expect(ran.outcomes[0]?.effects?.at(-1)).toEqual({
      kind: 'patch',
      operations: [{ op: 'replace', path: '/spec/a~1b/image', value: `ghcr.io/a:1@${A}` }],
    });
    expect(ran.outcomes[0]?.resource?.['spec']).toEqual({
      'a/b': { image: `ghcr.io/a:1@${A}` },
      a: { b: { image: 'untouched' } },
    });
  });

  it('validate asks for a digest before it asks anybody', () => {
    const ran = run({
      entries: [{ imageReferences: ['*'], ...KEYS }],
      resource: pod('ghcr.io/a:1'),
      phase: 'validate',
    });
    expect(ran.outcomes).toEqual([
      { status: 'fail', message: 'missing digest for ghcr.io/a:1', reason: 'missing-digest' },
    ]);
    expect(ran.asked).toEqual([]);
  });
});
