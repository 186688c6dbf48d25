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
  /** Part of what the refusal must say: refused for something else is not what this kind is to show. */
  readonly because?: string;
  readonly body: (sequence: number) => string;
}

/** The registry that takes connections and never answers. */
export const HANGING_HOST = 'hanging.example';
/** Objects that reviews are about: as many reports as there would be in a small cluster. */
const OBJECTS = 2_000;
const UIDS = Array.from({ length: OBJECTS }, () => randomUUID());

/** What reviews are about: digests of images whose registry stands in for ghcr.io. */
export interface KnownObjects {
  readonly signed: string;
  readonly unsigned: string;
  readonly foreign: string;
  /** Namespaces have policies of their own, as `many-objects.ts` makes them. */
  readonly isScaled?: boolean;
}

/** What is said of an image whose registry never answers, before the caller's patience ends. */
export const HANGS = 'not waited for';

const NAMESPACED = "privileged, by a namespace's own policy";

/** Every verdict that the four policies can reach, by known images, and by one whose registry never answers. */
export function steadyReviews({ signed, unsigned, foreign, isScaled = false }: KnownObjects): readonly ReviewKind[] {
  // by digest: one by tag is refused in the validating phase without a look at its signatures
  const image = (name: string, digest: string) => `ghcr.io/kloudvin/${name}:v1@${digest}`;
  const [validate, mutate] = ['/validate/fail?timeout=10s', '/mutate/fail?timeout=10s'];
  const admit = (name: string, share: number, of: ReviewOptions, path = validate): ReviewKind => ({
    name,
    share,
    path,
    verdict: 'admit',
    body: reviewWriter(of),
  });
  const refuse = (name: string, share: number, because: string, of: ReviewOptions, path = validate): ReviewKind => ({
    ...admit(name, share, of, path),
    verdict: 'refuse',
    because,
  });
  return [
    admit('signed', 55, { image: image('api', signed) }),
    { ...admit('signed, to be pinned', 15, { image: 'ghcr.io/kloudvin/api:v1' }, mutate), pinned: signed },
    refuse('privileged', isScaled ? 6 : 12, 'pod-security-restricted', {
      image: image('api', signed),
      privileged: true,
    }),
    ...(isScaled
      ? [refuse(NAMESPACED, 6, 'not here', { image: image('api', signed), privileged: true, namespace: 'tool-7' })]
      : []),
    refuse('unsigned', 5, 'unverified image', { image: image('unsigned', unsigned) }),
    refuse('unsigned, to be pinned', 4, 'no signatures found', { image: 'ghcr.io/kloudvin/unsigned:v1' }, mutate),
    refuse('signed by somebody else', 4, 'unverified image', { image: image('foreign', foreign) }),
    refuse('of somebody else, to be pinned', 4, 'subject mismatch', { image: image('foreign', foreign) }, mutate),
    refuse('registry hangs', 1, HANGS, { image: `${HANGING_HOST}/team/app:v%` }, '/mutate/fail?timeout=3s'),
  ];
}

interface ReviewOptions {
  /** `%` stands for the number of the request: nothing is known about it yet. */
  readonly image: string;
  readonly privileged?: boolean;
  /** Instead of `team-a`. */
  readonly namespace?: string;
}

/** Writes bodies that differ in uid, name and the object's uid, without building the object each time. */
export function reviewWriter({
  image,
  privileged = false,
  namespace = 'team-a',
}: ReviewOptions): (sequence: number) => string {
  const review = podReview({ uid: '@UID@', privileged, image });
  const request = review['request'] as JsonObject; // built by podReview
  const object = request['object'] as JsonObject;
  const metadata = { ...(object['metadata'] as JsonObject), namespace, name: '@NAME@', uid: '@OBJECT@' };
  const text = JSON.stringify({
    ...review,
    request: { ...request, namespace, name: '@NAME@', object: { ...object, metadata } },
  });
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
