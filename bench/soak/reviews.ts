import { randomUUID } from 'node:crypto';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { podReview } from '../data/pod-review.ts';
import type { Verdict } from './tally.ts';

/** One kind of request of the steady load. */
export interface ReviewKind {
  readonly name: string;
  /** Of a hundred requests. */
  readonly share: number;
  readonly path: string;
  readonly verdict: Verdict;
  /** The image's tag must come back as this digest. */
  readonly pinned?: string;
  readonly body: (sequence: number) => string;
}

/** The registry that takes connections and never answers. */
export const HANGING_HOST = 'hanging.example';
/** Objects that reviews are about: as many reports as there would be in a small cluster. */
const OBJECTS = 2_000;
const UIDS = Array.from({ length: OBJECTS }, () => randomUUID());

/** Every verdict that the four policies can reach, by known images, and by one whose registry never answers. */
export function steadyReviews(images: { readonly signed: string }): readonly ReviewKind[] {
  const image = (name: string) => `ghcr.io/kloudvin/${name}:v1`;
  const signed = `ghcr.io/kloudvin/api:v1@${images.signed}`;
  const validate = '/validate/fail?timeout=10s';
  const kind = (name: string, share: number, verdict: Verdict, of: ReviewOptions, path = validate): ReviewKind => ({
    name,
    share,
    path,
    verdict,
    body: reviewWriter(of),
  });
  return [
    kind('signed', 55, 'admit', { image: signed }),
    {
      ...kind('signed, to be pinned', 15, 'admit', { image: image('api') }, '/mutate/fail?timeout=10s'),
      pinned: images.signed,
    },
    kind('privileged', 12, 'refuse', { image: signed, privileged: true }),
    kind('unsigned', 9, 'refuse', { image: image('unsigned') }),
    kind('signed by somebody else', 8, 'refuse', { image: image('foreign') }),
    kind('registry hangs', 1, 'refuse', { image: `${HANGING_HOST}/team/app:v%` }, '/validate/fail?timeout=3s'),
  ];
}

interface ReviewOptions {
  /** `%` stands for the number of the request: nothing is known about it yet. */
  readonly image: string;
  readonly privileged?: boolean;
}

/** Writes bodies that differ in uid, name and the object's uid, without building the object each time. */
export function reviewWriter({ image, privileged = false }: ReviewOptions): (sequence: number) => string {
  const review = podReview({ uid: '@UID@', privileged, image });
  const request = review['request'] as JsonObject; // built by podReview
  const object = request['object'] as JsonObject;
  const metadata = { ...(object['metadata'] as JsonObject), name: '@NAME@', uid: '@OBJECT@' };
  const text = JSON.stringify({ ...review, request: { ...request, name: '@NAME@', object: { ...object, metadata } } });
  return (sequence) =>
    text
      .replace('@UID@', `review-${sequence}`)
      .replaceAll('@NAME@', `pod-${sequence % OBJECTS}`)
      .replace('@OBJECT@', UIDS[sequence % OBJECTS] ?? '')
      .replaceAll(':v%', `:v${sequence}`);
}

/** The kinds in turn, mixed, each as often as its share says. */
export function mixed(kinds: readonly ReviewKind[]): (sequence: number) => ReviewKind {
  const turns = kinds.flatMap((kind) => Array.from({ length: kind.share }, () => kind));
  const first = turns[0];
  if (!first) throw new Error('there is nothing to send');
  // 37 and 100 have no common divisor: every turn comes once in a hundred, and neighbours differ
  return (sequence) => turns[(sequence * 37) % turns.length] ?? first;
}
