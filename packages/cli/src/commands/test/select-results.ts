import { matchWildcard } from '@vouchsafe/engine/kernel';
import type { TestExpectation } from '../../inputs/test-manifest.ts';

/** Which expectations of the manifests are wanted. */
export interface Selector {
  readonly select: (expectations: readonly TestExpectation[]) => readonly TestExpectation[];
  /** What is wrong with the argument, in Kyverno's words. */
  readonly problems: readonly string[];
}

type Key = 'policy' | 'rule' | 'resource';

/** `policy=<wildcard>,rule=<wildcard>,resource=<wildcard>`; what an expectation does not name is not asked. */
export function parseSelector(argument: string): Selector {
  const wanted: { key: Key; value: string }[] = [];
  const problems: string[] = [];
  for (const part of argument === '' ? [] : argument.split(',')) {
    const pieces = part.split('=').map((piece) => piece.trim());
    const [key = '', value = ''] = pieces;
    if (pieces.length !== 2) {
      problems.push(`Invalid test-case-selector argument (${part}). Parameter must be in the form \`<key>=<value>\`.`);
    } else if (key === 'policy' || key === 'rule' || key === 'resource') wanted.push({ key, value });
    else problems.push(`Invalid test-case-selector (${part}). Parameter can only be policy, rule or resource.`);
  }
  const select = (expectations: readonly TestExpectation[]): readonly TestExpectation[] =>
    expectations
      .filter((expectation) => wanted.every(({ key, value }) => isSelected(expectation, key, value)))
      .map((expectation) => narrow(expectation, wanted));
  return { select, problems };
}

function isSelected({ policy, rule, resources }: TestExpectation, key: Key, pattern: string): boolean {
  if (key === 'policy') return policy === '' || matchWildcard(pattern, policy);
  if (key === 'rule') return rule === '' || matchWildcard(pattern, rule);
  return resources === undefined || resources.length === 0 || resources.some((name) => matchWildcard(pattern, name));
}

/** Of several resources only those asked for. */
function narrow(
  expectation: TestExpectation,
  wanted: readonly { readonly key: Key; readonly value: string }[],
): TestExpectation {
  const patterns = wanted.filter(({ key, value }) => key === 'resource' && value !== '*').map(({ value }) => value);
  const { resources } = expectation;
  if (patterns.length === 0 || resources === undefined || resources.length === 0) return expectation;
  return { ...expectation, resources: resources.filter((name) => patterns.some((it) => matchWildcard(it, name))) };
}
