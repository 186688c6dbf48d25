import { type Policy, parseKindSelector } from '@vouchsafe/engine';
import { type Diagnostic, memberAt } from '@vouchsafe/engine/kernel';
import type { ApiResource, ResourceAttributes } from '@vouchsafe/kube';
import {
  type GeneratePart,
  generateParts,
  isLiteral,
  kindOf,
  kindsIn,
  literalAt,
  objectsIn,
  rulesOf,
  servedAs,
  textsIn,
} from './named-targets.ts';

/** What the API server lets this operator do for policies of a family. */
export type CanI = (attributes: ResourceAttributes, family: Policy['family']) => Promise<boolean>;

/** Something that a policy will have us do. */
interface Errand {
  readonly path: string;
  /** With its apiVersion where that is written. */
  readonly kind: string;
  readonly verbs: readonly string[];
  /** Empty: any. */
  readonly namespace: string;
  readonly name: string;
}

/** Questions asked for one policy at most; one that asks for more is not judged by the rest. */
const MAX_ERRANDS = 50;

/**
 * What a policy asks for that we may not do, before it is tried in vain: writing what is generated, changing existing
 * objects, deleting. Rejects when the API server does not answer.
 */
export async function diagnosePermissions(
  policy: Policy,
  served: readonly ApiResource[],
  canI: CanI,
): Promise<readonly Diagnostic[]> {
  const errands = errandsOf(policy).slice(0, MAX_ERRANDS);
  const told = await Promise.all(
    errands.map((errand) => diagnose(errand, served, (attributes) => canI(attributes, policy.family))),
  );
  return told.flat();
}

function errandsOf(policy: Policy): readonly Errand[] {
  if (policy.family === 'legacy') return [...mutations(policy), ...generateParts(policy).flatMap(generation)];
  return policy.family === 'cleanup' ? deletions(policy) : [];
}

function mutations({ document }: Policy): readonly Errand[] {
  return rulesOf(document).flatMap((rule, index) =>
    objectsIn(memberAt(rule, 'mutate', 'targets')).map((target) => ({
      path: `spec.rules[${index}].mutate.targets`,
      kind: kindOf(target),
      verbs: ['get', 'update'],
      namespace: literalAt(target, 'namespace'),
      name: literalAt(target, 'name'),
    })),
  );
}

function generation({ part, path, synchronize }: GeneratePart): readonly Errand[] {
  const cloned = textsIn(memberAt(part, 'cloneList', 'kinds'));
  const verbs = synchronize ? ['get', 'create', 'update', 'delete'] : ['get', 'create'];
  const namespace = literalAt(part, 'namespace');
  return (cloned.length > 0 ? cloned : [kindOf(part)]).map((kind) => ({ path, kind, verbs, namespace, name: '' }));
}

function deletions({ document }: Policy): readonly Errand[] {
  const match = memberAt(document, 'spec', 'match');
  const namespace = literalAt(document, 'metadata', 'namespace');
  const filters = [...objectsIn(memberAt(match, 'any')), ...objectsIn(memberAt(match, 'all'))];
  return filters.flatMap((filter) => {
    const written = textsIn(memberAt(filter, 'resources', 'names'));
    const names = written.length > 0 && written.every(isLiteral) ? written : [''];
    return kindsIn(filter).flatMap((kind) =>
      names.map((name) => ({ path: 'spec.match', kind, verbs: ['delete', 'list'], namespace, name })),
    );
  });
}

async function diagnose(
  { path, kind, verbs, namespace, name }: Errand,
  served: readonly ApiResource[],
  canI: (attributes: ResourceAttributes) => Promise<boolean>,
): Promise<readonly Diagnostic[]> {
  const [found] = servedAs(kind, served).toSorted(
    (a, b) => Number(b.isPreferredVersion) - Number(a.isPreferredVersion),
  );
  if (!found) return [];
  const { group, version, resource, isNamespaced } = found;
  const { subresource } = parseKindSelector(kind);
  const place = {
    ...(subresource === '' ? {} : { subresource }),
    ...(isNamespaced && namespace !== '' ? { namespace } : {}),
    ...(name === '' ? {} : { name }),
  };
  const answers = await Promise.all(verbs.map((verb) => canI({ verb, group, version, resource, ...place })));
  const lacking = verbs.filter((_, index) => !answers[index]);
  if (lacking.length === 0) return [];
  const where = place.namespace === undefined ? '' : ` in namespace ${place.namespace}`;
  const message = `auth check fails, additional privileges are required: ${lacking.join(',')} for resource ${kind}${where}`;
  return [{ code: 'policy-conflict', severity: 'error', path, message }];
}
