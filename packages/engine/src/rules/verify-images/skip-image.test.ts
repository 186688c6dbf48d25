import { describe, expect, it } from 'vitest';
import type { FactRequest } from '../../facts/fact-request.ts';
import { A, B, KEYS, pod, run, statuses } from './verify-images.fixture.ts';

describe('skipImageReferences', () => {
  const entries = [{ imageReferences: ['*'], skipImageReferences: ['*:dev'], ...KEYS }];
  const tagIs = (digest: string) => (request: FactRequest) =>
    request.kind === 'image-digest' ? ({ ok: true, value: digest } as const) : undefined;

  it('exempts a pinned image whose tag stands for its digest', () => {
    const ran = run({ entries, resource: pod(`ghcr.io/a:dev@${A}`), facts: tagIs(A), phase: 'validate' });
    expect(statuses(ran)).toEqual(['skip']);
  });

  it('does not exempt another digest behind an exempted tag', () => {
    const ran = run({ entries, resource: pod(`ghcr.io/a:dev@${B}`), facts: tagIs(A), phase: 'validate' });
    expect(ran.outcomes[0]?.status).toBe('error');
  });

  it('exempts what the object had before, even when the tag has moved on', () => {
    const resource = pod(`ghcr.io/a:dev@${B}`);
    const ran = run({ entries, resource, old: resource, facts: tagIs(A) });
    expect(statuses(ran)).toEqual(['skip']);
  });
});
