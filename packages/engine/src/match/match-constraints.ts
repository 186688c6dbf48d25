import { type Json, type JsonObject, memberAt } from '../kernel/json.ts';
import type { MatchConstraints, ResourceRule } from '../model/cel-policy.ts';
import type { Phase, ResourceSelector } from '../model/compiled-policy.ts';
import type { EvaluationRequest, Operation } from '../model/request.ts';
import { compileLabelSelector, type LabelPredicate } from './label-selector.ts';

/** `matchConstraints` of a policy in CEL, compiled (kyverno-cel §4.1). */
export interface ConstraintMatcher {
  readonly matches: (request: EvaluationRequest) => boolean;
  /** Whether a request of this kind, subresource and operation can match at all: for the index, once a shape. */
  readonly concerns: (request: EvaluationRequest) => boolean;
  /** What concerns it matches: no names, scopes, selectors of labels. */
  readonly isOfShape: boolean;
}

/** What a policy matches that does not say. */
export const MATCH_EVERYTHING: MatchConstraints = {
  resourceRules: [],
  excludeResourceRules: [],
  namespaceSelector: undefined,
  objectSelector: undefined,
};

export interface ConstraintOptions {
  /** Rules select whatever they name, in any operation: cleanups and targets of mutations. */
  readonly anyOperation?: boolean;
}

/** Constraints without a rule match every resource. */
export function compileConstraints(constraints: MatchConstraints, options: ConstraintOptions = {}): ConstraintMatcher {
  const rules = constraints.resourceRules.map((rule) => compileResourceRule(rule, options));
  const excluded = constraints.excludeResourceRules.map((rule) => compileResourceRule(rule, options));
  const { namespaceSelector, objectSelector } = constraints;
  const inNamespace = namespaceSelector && compileLabelSelector(namespaceSelector);
  const isObject = objectSelector && compileLabelSelector(objectSelector);
  const isPlain = (rule: ResourceRule) => rule.resourceNames.length === 0 && rule.scope === '*';
  return {
    isOfShape: !inNamespace && !isObject && excluded.length === 0 && constraints.resourceRules.every(isPlain),
    concerns: (request) => rules.length === 0 || rules.some(({ concerns }) => concerns(request)),
    matches: (request) =>
      (rules.length === 0 || rules.some(({ matches }) => matches(request))) &&
      !excluded.some(({ matches }) => matches(request)) &&
      (inNamespace === undefined || namespaceMatches(inNamespace, request)) &&
      (isObject === undefined || objectMatches(isObject, request)),
  };
}

function namespaceMatches(selects: LabelPredicate, request: EvaluationRequest): boolean {
  if (isNamespace(request)) {
    // A Namespace is judged by its own labels, where there is one to judge.
    const own = request.resource ?? request.oldResource;
    return request.subresource === '' && own !== undefined ? selects(labelsOf(own)) : true;
  }
  if (request.namespace === '') return true;
  const known = request.namespaceLabels;
  return selects(Object.keys(known).length > 0 ? known : { [NAME_LABEL]: request.namespace });
}

/** The one label every namespace has. */
const NAME_LABEL = 'kubernetes.io/metadata.name';

/** The new object or the old one is selected. What is not there is not selected, as in Kubernetes. */
function objectMatches(selects: LabelPredicate, { resource, oldResource }: EvaluationRequest): boolean {
  return [resource, oldResource].some((object) => object !== undefined && selects(labelsOf(object)));
}

function labelsOf(object: JsonObject): Json | undefined {
  return memberAt(object, 'metadata', 'labels');
}

function isNamespace({ kind }: EvaluationRequest): boolean {
  return kind.kind === 'Namespace' && kind.group === '';
}

interface CompiledResourceRule {
  readonly concerns: (request: EvaluationRequest) => boolean;
  readonly matches: (request: EvaluationRequest) => boolean;
}

function compileResourceRule(rule: ResourceRule, { anyOperation = false }: ConstraintOptions): CompiledResourceRule {
  const { apiGroups, apiVersions, operations, resources, resourceNames, scope } = rule;
  const isResource = resources.map(compileResource);
  // A rule without operations is about all of them: the API server refuses one, files may hold it.
  const concerns = (request: EvaluationRequest): boolean => {
    const { kind, subresource, operation } = request;
    if (!anyOperation && operations.length > 0 && !includes(operations, operation)) return false;
    if (!includes(apiGroups, kind.group) || !includes(apiVersions, kind.version)) return false;
    const plural = request.plural ?? guessPlural(kind.kind);
    return isResource.some((selects) => selects(plural, subresource));
  };
  return {
    concerns,
    matches: (request) => isInScope(scope, request) && concerns(request) && isNamed(resourceNames, request),
  };
}

function includes(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

function compileResource(text: string): (plural: string, subresource: string) => boolean {
  const cut = text.indexOf('/');
  const resource = cut < 0 ? text : text.slice(0, cut);
  const wanted = cut < 0 ? '' : text.slice(cut + 1);
  return (plural, subresource) =>
    (resource === '*' || resource === plural) && (wanted === '*' || wanted === subresource);
}

function isInScope(scope: ResourceRule['scope'], request: EvaluationRequest): boolean {
  if (scope === '*') return true;
  const isNamespaced = request.namespace !== '' && !isNamespace(request);
  return isNamespaced === (scope === 'Namespaced');
}

/** A name that the API server has yet to make matches by what it will start with. */
function isNamed(names: readonly string[], { name, resource }: EvaluationRequest): boolean {
  if (names.length === 0) return true;
  if (name !== '') return names.includes(name);
  const prefix = memberAt(resource, 'metadata', 'generateName');
  return typeof prefix === 'string' && names.some((wanted) => prefix.startsWith(wanted));
}

/** The plural of a kind that no table knows, as Kubernetes' own tools guess it. */
export function guessPlural(kind: string): string {
  const singular = kind.toLowerCase();
  if (singular.endsWith('endpoints')) return singular;
  if (singular.endsWith('s')) return `${singular}es`;
  return singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`;
}

const ALL_OPERATIONS: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];

/**
 * Which requests can concern the constraints, as data: for the index and for webhook configurations. `variant` names what
 * autogen made of them.
 */
export function constraintSelectors(
  constraints: MatchConstraints,
  phases: ReadonlySet<Phase>,
  variant?: string,
): ResourceSelector[] {
  return constraints.resourceRules.flatMap(({ apiGroups, apiVersions, resources, operations, scope }) =>
    apiGroups.flatMap((group) =>
      apiVersions.flatMap((version) =>
        resources.map((resource): ResourceSelector => {
          const cut = resource.indexOf('/');
          return {
            group,
            version,
            kind: '*',
            subresource: cut < 0 ? '' : resource.slice(cut + 1),
            operations: operations.includes('*') ? ALL_OPERATIONS : operations.filter((one) => one !== '*'),
            phases,
            resource,
            scope,
            ...(variant === undefined ? {} : { variant }),
          };
        }),
      ),
    ),
  );
}
