import { compileWildcard } from '../../kernel/wildcard.ts';

/** True when one of the wildcard patterns is the normalised image; patterns are taken as written (kyverno-core §3.3). */
export function compileReferences(patterns: readonly string[]): (image: string) => boolean {
  const predicates = patterns.map(compileWildcard);
  return (image) => predicates.some((matches) => matches(image));
}
