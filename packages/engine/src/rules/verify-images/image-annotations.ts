import { defineMember, type Json, type JsonObject } from '../../kernel/json.ts';
import type { Effect, ImageResult, PolicyRef } from '../../model/decision.ts';
import {
  sortedJson,
  VERIFY_IMAGES_ANNOTATION,
  VERIFY_IMAGES_SCOPED_ANNOTATION,
} from '../../model/image-annotations.ts';

/** The effect that tells what was found of images; none of none. */
export type Annotator = (images: readonly ImageResult[]) => Effect | undefined;

/** Effects kept: Pods of one image come by the hundred. */
const REMEMBERED = 256;

/**
 * The two annotations that tell what was verified (kyverno-core §3.7): image to outcome, and the same by
 * `<namespace>/<policy>` and rule. They inform; no decision here reads them, since anyone may write them.
 */
export function createAnnotator(policy: PolicyRef, rule: string): Annotator {
  const made = new Map<string, Effect>();
  return (images) => {
    if (images.length === 0) return undefined;
    let key = '';
    for (const { image, status } of images) key += `${image}\n${status}\n`;
    let effect = made.get(key);
    if (effect === undefined) {
      effect = Object.freeze(toAnnotateEffect(policy, rule, images));
      if (made.size >= REMEMBERED) made.clear();
      made.set(key, effect);
    }
    return effect;
  };
}

function toAnnotateEffect(policy: PolicyRef, rule: string, images: readonly ImageResult[]): Effect {
  const outcomes: Record<string, Json> = {};
  for (const { image, status } of images) {
    // Two entries may judge one image; what one verified, another's indifference does not undo.
    const known = Object.hasOwn(outcomes, image) ? outcomes[image] : undefined;
    if (known === undefined || status === 'fail' || (known === 'skip' && status === 'pass')) {
      defineMember(outcomes, image, status);
    }
  }
  const scoped: JsonObject = {
    version: 1,
    policies: { [`${policy.namespace ?? ''}/${policy.name}`]: { [rule]: outcomes } },
  };
  return {
    kind: 'annotate',
    annotations: {
      [VERIFY_IMAGES_ANNOTATION]: sortedJson(outcomes),
      [VERIFY_IMAGES_SCOPED_ANNOTATION]: sortedJson(scoped),
    },
  };
}
