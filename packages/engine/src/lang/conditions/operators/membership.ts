import { isJsonArray, type Json } from '../../../kernel/json.ts';
import { compileWildcard, hasWildcard, matchWildcard } from '../../../kernel/wildcard.ts';
import { compileScalar, scalarOperator } from '../../pattern/scalar-pattern.ts';
import { jsonTexts, sprint } from './operand.ts';
import type { KeyTest, Operator } from './operator.ts';

/** What a value offers to look a key up in. */
interface Offer {
  /** For a key that is one text; it, or its answer, is `undefined` when the value is of no use for it. */
  readonly holdsOne: ((key: string) => boolean | undefined) | undefined;
  /** For a key that is a list: whether one of its texts is in; `undefined` when the value is of no use. */
  readonly holdsEach: ((key: string) => boolean) | undefined;
  /** Whether a list's text is out, where that is more than the opposite of being in. */
  readonly lacksEach?: (key: string) => boolean;
  /** A text that a list of just this text counts as being in, before anything else is tried. */
  readonly alone?: string;
}

/** A text that a list holds as it is. */
function isListed(key: Json, value: Json): true | undefined {
  return typeof key === 'string' && isJsonArray(value) && value.includes(key) ? true : undefined;
}

function isNotListed(key: Json, value: Json): false | undefined {
  return isListed(key, value) && false;
}

/** Some element of the key is in the value. */
export const anyIn: Operator = Object.assign(
  (value: Json) => {
    const offer = readAnyOffer(value);
    return overKeys(
      offer,
      (one) => one,
      (keys, holds) => keys.some(holds),
      true,
    );
  },
  { atOnce: isListed },
);

/** Every element of the key is in the value. */
export const allIn: Operator = Object.assign(
  (value: Json) =>
    overKeys(
      readOffer(value),
      (one) => one,
      (keys, holds) => keys.every(holds),
      true,
    ),
  { atOnce: isListed },
);

/** Some element of the key is not in the value. */
export const anyNotIn: Operator = Object.assign(
  (value: Json) => {
    const offer = readAnyOffer(value);
    return overKeys(
      offer,
      (one) => !one,
      (keys, holds) => keys.some(offer.lacksEach ?? ((key) => !holds(key))),
      false,
    );
  },
  { atOnce: isNotListed },
);

/** No element of the key is in the value. */
export const allNotIn: Operator = Object.assign(
  (value: Json) =>
    overKeys(
      readOffer(value),
      (one) => !one,
      (keys, holds) => !keys.some(holds),
      false,
    ),
  { atOnce: isNotListed },
);

function overKeys(
  offer: Offer,
  ofOne: (holds: boolean) => boolean,
  ofMany: (keys: readonly string[], holds: (key: string) => boolean) => boolean,
  alone: boolean,
): KeyTest {
  const { holdsOne, holdsEach } = offer;
  return (key) => {
    if (isJsonArray(key)) {
      if (!holdsEach) return false;
      const texts = textsOf(key);
      return texts.length === 1 && texts[0] === offer.alone ? alone : ofMany(texts, holdsEach);
    }
    if (key === null || typeof key === 'object') return false;
    const holds = holdsOne?.(sprint(key));
    return holds !== undefined && ofOne(holds);
  };
}

/** Nearly always texts already. */
function textsOf(items: readonly Json[]): readonly string[] {
  return items.every((item): item is string => typeof item === 'string') ? items : items.map(sprint);
}

/** AnyIn and AnyNotIn also take one number or boolean for a list of it, when the key is a list. */
function readAnyOffer(value: Json): Offer {
  if (typeof value !== 'number' && typeof value !== 'boolean') return readOffer(value);
  return { holdsOne: undefined, holdsEach: either([sprint(value)]) };
}

function readOffer(value: Json): Offer {
  if (isJsonArray(value)) {
    const holds = either(textsOf(value));
    return { holdsOne: holds, holdsEach: holds };
  }
  return typeof value === 'string' ? readText(value) : { holdsOne: undefined, holdsEach: undefined };
}

/** A wildcard pattern, a range `a-b`, a JSON list of texts, or one text. */
function readText(value: string): Offer {
  const matches = compileWildcard(value);
  if (scalarOperator(value) === '-') {
    const inRange = compileScalar(value);
    return {
      holdsOne: (key) => matches(key) || inRange(key),
      holdsEach: inRange,
      // Upstream turns the first dash into `!-`, which misreads a negative lower bound.
      lacksEach: compileScalar(value.replace('-', '!-')),
      alone: value,
    };
  }
  const texts = jsonTexts(value);
  const list = texts === 'not-json' ? [value] : texts;
  return {
    holdsOne: (key) => matches(key) || list?.includes(key),
    holdsEach: list && either(list),
    alone: value,
  };
}

/** Whether a key matches one of the texts, wildcards counting on both sides. */
function either(texts: readonly string[]): (key: string) => boolean {
  const plain = texts.length > FEW ? new Set(texts) : undefined;
  const patterns = texts.some(hasWildcard) ? texts.filter(hasWildcard).map(compileWildcard) : NO_PATTERNS;
  return (key) =>
    (plain === undefined ? texts.includes(key) : plain.has(key)) ||
    (patterns.length > 0 && patterns.some((matches) => matches(key))) ||
    (hasWildcard(key) && texts.some((text) => matchWildcard(key, text)));
}

/** So many texts are compared faster than hashed. */
const FEW = 8;
const NO_PATTERNS: readonly ((text: string) => boolean)[] = [];
