import { compileWildcard, hasWildcard } from '../kernel/wildcard.ts';
import type { GroupVersionKind } from '../model/request.ts';

/** Which kinds a text such as `apps/v1/Deployment`, `Pod.status` or `*` + `/scale` selects; each part may hold wildcards. */
export interface KindSelector {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly subresource: string;
}

const NONE: KindSelector = { group: '', version: '', kind: '', subresource: '' };

/** Policies name the same few kinds again and again. */
const known = new Map<string, KindSelector>();
const REMEMBERED = 512;

/** Reads the forms of kyverno-core §2.2. A text of more than four parts selects nothing. */
export function parseKindSelector(text: string): KindSelector {
  let selector = known.get(text);
  if (selector === undefined) {
    selector = Object.freeze(readKindSelector(text));
    if (known.size >= REMEMBERED) known.clear();
    known.set(text, selector);
  }
  return selector;
}

function readKindSelector(text: string): KindSelector {
  const segments = text.split('/');
  const parts = [...segments.slice(0, -1), ...(segments.at(-1) ?? '').split('.')];
  const [first = '', second = '', third = '', fourth = ''] = parts;
  switch (parts.length) {
    case 1:
      return { group: '*', version: '*', kind: first, subresource: '' };
    case 2:
      if (first === '*' && second === '*') return { group: '*', version: '*', kind: '*', subresource: '*' };
      if (first === '*' && second === second.toLowerCase()) {
        return { group: '*', version: '*', kind: '*', subresource: second };
      }
      if (isVersion(first)) return { group: '*', version: first, kind: second, subresource: '' };
      return { group: '*', version: '*', kind: first, subresource: second };
    case 3:
      if (isVersion(first)) return { group: '*', version: first, kind: second, subresource: third };
      return { group: first, version: second, kind: third, subresource: '' };
    case 4:
      return { group: first, version: second, kind: third, subresource: fourth };
    default:
      return NONE;
  }
}

/** `v1`, `v2beta1`, `*`: what Kubernetes accepts as a version's name. */
function isVersion(text: string): boolean {
  return /^(v\d+((alpha|beta)\d+)?|\*)$/.test(text);
}

export type KindPredicate = (kind: GroupVersionKind, subresource: string) => boolean;

export interface KindOptions {
  /** Whether `Pod` also means `pods/ephemeralcontainers`: in policies and exceptions, not in cleanup policies. */
  readonly ephemeralContainers: boolean;
}

/** True when one of `kinds` selects the kind and subresource. */
export function compileKinds(kinds: readonly string[], options: KindOptions): KindPredicate {
  const predicates = kinds.map((kind) => compileKind(parseKindSelector(kind), options));
  const [only] = predicates;
  if (predicates.length === 1 && only) return only;
  return (kind, subresource) => predicates.some((matches) => matches(kind, subresource));
}

function compileKind(selector: KindSelector, { ephemeralContainers }: KindOptions): KindPredicate {
  const group = compilePart(selector.group);
  const version = compilePart(selector.version);
  const kind = compilePart(selector.kind);
  const subresource = compilePart(selector.subresource);
  return (actual, actualSubresource) =>
    kind(actual.kind) &&
    group(actual.group) &&
    version(actual.version) &&
    (subresource(actualSubresource) ||
      (ephemeralContainers && actualSubresource === 'ephemeralcontainers' && isPod(actual) && subresource('')));
}

function isPod({ group, version, kind }: GroupVersionKind): boolean {
  return kind === 'Pod' && group === '' && version === 'v1';
}

/** A predicate on one text; literals and `*`, which are nearly all, cost one comparison. */
export function compilePart(pattern: string): (text: string) => boolean {
  if (pattern === '*') return () => true;
  if (!hasWildcard(pattern)) return (text) => text === pattern;
  return compileWildcard(pattern);
}
