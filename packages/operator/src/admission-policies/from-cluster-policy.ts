import { type PolicyException, parseKindSelector } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { ApiResource } from '@vouchsafe/kube';
import { whyNotGenerated } from './can-generate.ts';
import { type GenerationPlan, generatedLabels, MANAGED_BY_KYVERNO } from './generated-policy.ts';
import { objectAt, objectsAt, pick, textAt, textsAt } from './read-json.ts';

/** A ClusterPolicy as the API server's own policy (kyverno-core §1.9). `served`: what discovery tells. */
export function planFromClusterPolicy(
  document: JsonObject,
  exceptions: readonly PolicyException[],
  served: readonly ApiResource[],
): GenerationPlan {
  const spec = objectAt(document, 'spec') ?? {};
  const skip = whyNotGenerated(spec, exceptions);
  const [rule] = objectsAt(spec, 'rules');
  if (skip !== undefined || !rule) return { skip: skip ?? '' };
  const match = filtersOf(objectAt(rule, 'match'));
  const excluded = [
    ...filtersOf(objectAt(rule, 'exclude')),
    ...exceptions.flatMap((exception) => filtersOf(objectAt(exception.document, 'spec', 'match'))),
  ];
  const resourceRules = toRules(match, served);
  const excludeRules = toRules(excluded, served);
  if (typeof resourceRules === 'string') return { skip: resourceRules };
  if (typeof excludeRules === 'string') return { skip: excludeRules };
  const cel = objectAt(rule, 'validate', 'cel');
  const name = `cpol-${textAt(document, 'metadata', 'name')}`;
  const conditions = [...objectsAt(rule, 'celPreconditions'), ...namespaceConditions(excluded)];
  return {
    policy: {
      name,
      labels: generatedLabels(labelsOf(document)),
      spec: {
        matchConstraints: {
          resourceRules,
          ...(excludeRules.length + namespaceRules(excluded).length > 0
            ? { excludeResourceRules: [...excludeRules, ...namespaceRules(excluded)] }
            : {}),
          ...selectorsOf(match),
        },
        ...pick(cel, ['paramKind', 'variables', 'auditAnnotations']),
        validations: withMessage(objectsAt(cel, 'expressions'), textAt(rule, 'validate', 'message')),
        ...(conditions.length > 0 ? { matchConditions: conditions } : {}),
      },
    },
    binding: {
      name: `${name}-binding`,
      labels: MANAGED_BY_KYVERNO,
      spec: { policyName: name, ...pick(cel, ['paramRef']), validationActions: actionsOf(spec, rule) },
    },
  };
}

function labelsOf(document: JsonObject): Readonly<Record<string, string>> {
  const labels = objectAt(document, 'metadata', 'labels') ?? {};
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]));
}

/** The message of the rule stands for expressions without one, as when we judge ourselves. */
function withMessage(expressions: readonly JsonObject[], message: string): readonly JsonObject[] {
  if (message === '') return expressions;
  return expressions.map((one) =>
    textAt(one, 'message') === '' && textAt(one, 'messageExpression') === '' ? { ...one, message } : one,
  );
}

function actionsOf(spec: JsonObject, rule: JsonObject): readonly string[] {
  const action = textAt(rule, 'validate', 'failureAction') || textAt(spec, 'validationFailureAction');
  return action.toLowerCase() === 'enforce' ? ['Deny'] : ['Audit', 'Warn'];
}

/** Resource descriptions of a block, of whichever form. */
function filtersOf(block: JsonObject | undefined): readonly JsonObject[] {
  const listed = [...objectsAt(block, 'any'), ...objectsAt(block, 'all')];
  return [block, ...listed].map((one) => objectAt(one, 'resources')).filter((one) => one !== undefined);
}

function selectorsOf(match: readonly JsonObject[]): JsonObject {
  const last = match.at(-1);
  const namespaces = textsAt(last, 'namespaces');
  const selector = objectAt(last, 'selector');
  const byName = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: namespaces }] };
  const namespaced: JsonObject =
    namespaces.length > 0 ? { namespaceSelector: byName } : pick(last, ['namespaceSelector']);
  return selector ? { ...namespaced, objectSelector: selector } : namespaced;
}

interface Rule {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly string[];
  readonly operations: readonly string[];
  readonly names: readonly string[];
}

/** Kinds of one group and version share a rule where they share names and operations. A text: which kind is not served. */
function toRules(filters: readonly JsonObject[], served: readonly ApiResource[]): readonly JsonObject[] | string {
  const rules = new Map<string, Rule>();
  for (const filter of filters) {
    const operations = operationsOf(filter);
    const names = [...textsAt(filter, 'names'), ...(textAt(filter, 'name') === '' ? [] : [textAt(filter, 'name')])];
    for (const kind of textsAt(filter, 'kinds')) {
      const found = findResource(kind, served);
      if (!found) return `skip generating ValidatingAdmissionPolicy: no unique match for kind ${kind}`;
      const { group, version } = found;
      const key = JSON.stringify([group, version, operations, names]);
      const resources = [...(rules.get(key)?.resources ?? []), ...found.resources].toSorted();
      rules.set(key, { group, version, resources: [...new Set(resources)], operations, names });
    }
  }
  return [...rules.values()].map(({ group, version, resources, operations, names }) => ({
    ...(names.length > 0 ? { resourceNames: names } : {}),
    apiGroups: [group],
    apiVersions: [version],
    resources,
    operations,
  }));
}

function findResource(text: string, served: readonly ApiResource[]) {
  if (text === '*') return { group: '*', version: '*', resources: ['*'] };
  const { group, version, kind, subresource } = parseKindSelector(text);
  const fitting = served.filter(
    (one) =>
      one.kind === kind &&
      (group === '*' || one.group === group) &&
      (version === '*' ? one.isPreferredVersion : one.version === version) &&
      (subresource === '' || one.subresources.some(({ name }) => name === subresource)),
  );
  const [only] = fitting;
  if (!only || fitting.length > 1) return undefined;
  const name = subresource === '' ? only.resource : `${only.resource}/${subresource}`;
  const resources = name === 'pods' && only.group === '' ? [name, 'pods/ephemeralcontainers'] : [name];
  return { group: only.group, version: only.version, resources };
}

const OPERATIONS = ['CREATE', 'UPDATE', 'CONNECT', 'DELETE'];

function operationsOf(filter: JsonObject): readonly string[] {
  const written = textsAt(filter, 'operations').filter((operation) => OPERATIONS.includes(operation));
  return written.length > 0 ? written : OPERATIONS;
}

function isOfNamespaces(filter: JsonObject): boolean {
  return textsAt(filter, 'kinds').length === 0 && textsAt(filter, 'namespaces').length > 0;
}

/** Namespaces that are excluded without kinds: Kyverno's rule, which leaves out the Namespace objects … */
function namespaceRules(excluded: readonly JsonObject[]): readonly JsonObject[] {
  return excluded.filter(isOfNamespaces).map((filter) => ({
    resourceNames: textsAt(filter, 'namespaces'),
    apiGroups: [''],
    apiVersions: ['v1'],
    resources: ['namespaces'],
    operations: operationsOf(filter),
  }));
}

/** … and a condition that leaves out what is in them, which the rule does not. */
function namespaceConditions(excluded: readonly JsonObject[]): readonly JsonObject[] {
  return excluded.filter(isOfNamespaces).map((filter, index) => {
    const list = (texts: readonly string[]) => `[${texts.map((text) => JSON.stringify(text)).join(', ')}]`;
    const namespaces = list(textsAt(filter, 'namespaces'));
    return {
      name: `excluded-namespaces-${index}`,
      expression: `!(request.namespace in ${namespaces} && request.operation in ${list(operationsOf(filter))})`,
    };
  });
}
