import { type Policy, parseKindSelector } from '@vouchsafe/engine';
import { type Diagnostic, hasWildcard } from '@vouchsafe/engine/kernel';
import type { ApiResource, Discovery } from '@vouchsafe/kube';
import { kindsIn, rulesOf } from './named-targets.ts';

/**
 * What only the API server can tell of the kinds that a policy names (Kyverno's `validKinds`): `Scale` is a subresource of
 * others, which scans cannot read, and some kinds it does not serve, or not yet.
 */
export async function diagnoseKinds(
  policy: Policy,
  discovery: Pick<Discovery, 'resources' | 'invalidate'>,
): Promise<readonly Diagnostic[]> {
  if (policy.family !== 'legacy') return [];
  const named = namedKinds(policy);
  if (named.length === 0) return [];
  let served = await discovery.resources();
  if (named.some(({ kind }) => standingOf(kind, served) === 'unserved')) {
    discovery.invalidate(); // it may have been installed a moment ago
    served = await discovery.resources();
  }
  const told = new Set<string>();
  return named.flatMap(({ kind, path, isScanned, isJudged }) => {
    const standing = standingOf(kind, served);
    if (standing === 'served' || told.has(`${path} ${kind}`)) return [];
    told.add(`${path} ${kind}`);
    if (standing === 'unserved') return [unserved(kind, path)];
    if (isScanned) return [{ ...SCANNED, path, message: `background scan enabled with subresource ${kind}` }];
    const message = `${kind} is a subresource of several kinds, and is matched as theirs (\`*/scale\`)`;
    return isJudged ? [{ ...SCANNED, path, message }] : [];
  });
}

const SCANNED = { code: 'policy-conflict', severity: 'error' } as const;

function unserved(kind: string, path: string): Diagnostic {
  const reason = `unable to convert GVK to GVR for kinds ${kind}`;
  const message = `the kind defined in the all match resource is invalid: ${reason}`;
  return { code: 'policy-invalid-value', severity: 'warning', path, message };
}

type LegacyPolicy = Extract<Policy, { readonly family: 'legacy' }>;

interface NamedKind {
  readonly kind: string;
  readonly path: string;
  /** A validate rule that scans evaluate. */
  readonly isScanned: boolean;
  /** A validate rule. */
  readonly isJudged: boolean;
}

function namedKinds({ document, spec }: LegacyPolicy): readonly NamedKind[] {
  return rulesOf(document).flatMap((rule, index) =>
    (['match', 'exclude'] as const).flatMap((side) => {
      const path = `spec.rules[${index}].${side}`;
      const isJudged = rule['validate'] !== undefined;
      const isScanned = spec.background && isJudged;
      return kindsIn(rule[side]).map((kind) => ({ kind, path, isScanned, isJudged }));
    }),
  );
}

function standingOf(text: string, served: readonly ApiResource[]): 'served' | 'subresource' | 'unserved' {
  // What a wildcard or a written subresource stands for is checked where the text is.
  if (hasWildcard(text)) return 'served';
  const { group, version, kind, subresource } = parseKindSelector(text);
  const isOf = (one: { readonly group: string; readonly version: string; readonly kind: string }) =>
    one.kind === kind && (group === '*' || one.group === group) && (version === '*' || one.version === version);
  const own = served.filter(isOf);
  if (subresource !== '') {
    return own.some(({ subresources }) => subresources.some(({ name }) => name === subresource))
      ? 'served'
      : 'unserved';
  }
  if (own.length > 0) return 'served';
  const answers = served.some(({ subresources }) =>
    subresources.some((one) => one.kind !== undefined && isOf(one.kind)),
  );
  return answers ? 'subresource' : 'unserved';
}
