import { describe, expect, it } from 'vitest';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import { factKey } from '../../facts/fact-table.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { A, B, KEYS, pod, type Run, run, statuses, verified } from './verify-images.fixture.ts';

describe('an update that changes no image', () => {
  const entries = [{ imageReferences: ['ghcr.io/*'], ...KEYS }];
  const pinned = `ghcr.io/a:1@${A}`;
  const away = (): Fact<Json> => ({ ok: false, class: 'transient', message: 'down' });
  const late = (): Fact<Json> => ({ ok: false, class: 'timed-out', message: 'late' });
  const other = `ghcr.io/b:1@${B}`;

  it.each<[string, Omit<Run, 'entries' | 'resource'> & { readonly resource?: JsonObject }, string]>([
    ['the registry is away', { old: pod(pinned), facts: away }, 'skip registry-unreachable'],
    ['time is up', { old: pod(pinned), facts: late }, 'skip timed-out'],
    [
      'an image of others changes',
      { resource: pod(pinned, 'nginx:2'), old: pod(pinned, 'nginx:1'), facts: away },
      'skip registry-unreachable',
    ],
    ['on CREATE', { facts: away }, 'error registry-unreachable'],
    ['the image is another one', { old: pod(`ghcr.io/a:1@${B}`), facts: away }, 'error registry-unreachable'],
    ['the tag was not pinned', { old: pod('ghcr.io/a:1'), facts: away }, 'error registry-unreachable'],
    [
      'another image changes',
      { resource: pod(pinned, other), old: pod(pinned, 'ghcr.io/b:1'), facts: away },
      'error registry-unreachable',
    ],
    [
      'a container comes',
      { resource: pod(pinned, pinned), old: pod(pinned), facts: away },
      'error registry-unreachable',
    ],
    [
      'the rule was not about it before',
      { old: pod(pinned), matchedBefore: false, facts: away },
      'error registry-unreachable',
    ],
    [
      'a subresource is written',
      { old: pod(pinned), subresource: 'ephemeralcontainers', facts: away },
      'error registry-unreachable',
    ],
    [
      'the failure is definite',
      { old: pod(pinned), facts: () => ({ ok: false, class: 'denied', message: '403' }) },
      'fail registry-denied',
    ],
    [
      'nobody signed it',
      { old: pod(pinned), facts: () => verified(A, { sets: [{ verifiedCount: 0, requiredCount: 1, entries: [] }] }) },
      'fail',
    ],
    ['the answer is about another digest', { old: pod(pinned), facts: () => verified(B) }, 'error invalid-answer'],
    ['nobody answers', { old: pod(pinned) }, 'error unavailable'],
  ])('%s', (_, part, expected) => {
    const asked: Run = { entries, resource: pod(pinned), ...part };
    expect(statuses(run(asked))[0]).toBe(expected);
    expect(statuses(run({ ...asked, phase: 'validate' }))[0]?.split(' ')[0]).toBe(expected.split(' ')[0]);
  });

  it('says so, and claims no verification', () => {
    const [outcome] = run({ entries, resource: pod(pinned), old: pod(pinned), facts: away }).outcomes;
    expect(outcome?.message).toBe(
      `image ghcr.io/a@${A} was not verified again, as this update changes no image: failed to verify image ghcr.io/a@${A}: down (registry-unreachable)`,
    );
    expect(outcome?.images).toMatchObject([{ status: 'skip' }]);
  });

  it('a definite failure of one image stays one beside another in doubt', () => {
    const facts = (request: FactRequest) =>
      factKey(request).includes('ghcr.io/b') ? away() : verified(A, { verified: false });
    const both = pod(pinned, other);
    expect(statuses(run({ entries, resource: both, old: both, facts })).map((text) => text.split(' ')[0])).toEqual([
      'fail',
      'skip',
    ]);
    expect(statuses(run({ entries, resource: both, old: both, facts, phase: 'validate' }))[0]).toMatch(/^fail/);
  });
});
