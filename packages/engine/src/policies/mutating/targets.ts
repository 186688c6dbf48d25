import { CelError, celTypes, toJson } from '@vouchsafe/cel';
import type { FactTable } from '../../facts/fact-table.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member, memberAt } from '../../kernel/json.ts';
import type { PolicyExpression, PolicyLanguage, PolicyScope } from '../../lang/cel/policy-language.ts';
import { extendActivation } from '../../lang/cel/policy-scope.ts';
import { compileConstraints } from '../../match/match-constraints.ts';
import type { CelPolicy, CelPolicySpec, MatchConstraints } from '../../model/cel-policy.ts';
import { toMatchConstraints } from '../../model/cel-policy-document.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import { readObject, readText, readTextMap } from '../../model/read-json.ts';
import type { EvaluationRequest } from '../../model/request.ts';

/** The existing objects that a policy mutates when something triggers it; an error when they cannot be told. */
export type TargetSearch = (scope: PolicyScope, input: RuleInput) => readonly Target[] | CelError;

export interface Target {
  readonly object: JsonObject;
  /** The part of it that is written: `resize`. Empty for the object itself. */
  readonly subresource: string;
}

const WANT_OBJECT = {
  types: [celTypes.mapType(celTypes.STRING, celTypes.DYN)],
  message: 'output type must be a map',
} as const;

/** Whether the policy is about other objects than those of requests. */
export function hasTargets(spec: CelPolicySpec): boolean {
  const { constraints, expression } = readTargets(spec);
  return expression !== '' || (constraints?.resourceRules.length ?? 0) > 0;
}

function readTargets({ written }: CelPolicySpec): {
  readonly constraints: MatchConstraints | undefined;
  readonly expression: string;
} {
  const target = readObject(written, 'targetMatchConstraints');
  return { constraints: target && toMatchConstraints(target), expression: readText(target, 'expression') ?? '' };
}

/** Objects beyond this many are an error: all of them are held, and written, at once. */
const MOST_TARGETS = 10_000;

/**
 * `spec.targetMatchConstraints`: what its expression gives, else what its rules select, else what the policy itself
 * matches (kyverno-cel §4.3). A namespaced policy finds objects of its namespace alone.
 */
export function compileTargets(policy: CelPolicy, spec: CelPolicySpec, language: PolicyLanguage): TargetSearch {
  const { constraints, expression: text } = readTargets(spec);
  const { namespace } = policy.ref;
  const search =
    text === '' ? searchRules(constraints, spec, namespace) : searchByExpression(text, constraints, language);
  return (scope, input) => {
    const found = search(scope, input);
    if (found instanceof CelError) return found;
    const own = namespace === undefined ? found : found.filter(({ object }) => namespaceOf(object) === namespace);
    return own.length > MOST_TARGETS ? new CelError(`more than ${MOST_TARGETS} targets are selected`) : own;
  };
}

function searchByExpression(
  text: string,
  constraints: MatchConstraints | undefined,
  language: PolicyLanguage,
): TargetSearch {
  const expression: PolicyExpression | undefined = language.compile(
    text,
    'spec.targetMatchConstraints.expression',
    WANT_OBJECT,
  );
  const parts = placesOf(constraints).filter(({ subresource }) => subresource !== '');
  return (scope, input) => {
    const value = expression?.evaluate(ofTrigger(scope, input)) ?? null;
    const json = value instanceof CelError ? value : toJson(value);
    if (json instanceof CelError) return json;
    return objectsOf(json).map((object) => ({ object, subresource: partOf(object, parts, input.facts) }));
  };
}

/** What is deleted is the object by which targets are found, and by nothing else. */
function ofTrigger(scope: PolicyScope, { request, resource }: RuleInput): PolicyScope {
  if (request.operation !== 'DELETE') return scope;
  return { ...scope, activation: extendActivation(scope.activation, { object: resource }) };
}

/** The subresource that the rules name for what an expression gave. */
function partOf(object: JsonObject, parts: readonly Place[], facts: FactTable): string {
  const apiVersion = readText(object, 'apiVersion') ?? '';
  const fitting = parts.filter((part) => part.apiVersion === apiVersion);
  if (fitting.length === 0) return '';
  const fact = facts.get({ kind: 'kind-mapping', apiVersion, resourceKind: readText(object, 'kind') ?? '' });
  const plural = fact.ok ? memberAt(fact.value, 'resource') : undefined;
  return fitting.find(({ resource }) => resource === plural)?.subresource ?? '';
}

/** One object, or a list of them. */
function objectsOf(value: Json): readonly JsonObject[] {
  if (!isJsonObject(value)) return [];
  const items = member(value, 'items');
  return isJsonArray(items) ? items.filter(isJsonObject) : [value];
}

function searchRules(
  own: MatchConstraints | undefined,
  spec: CelPolicySpec,
  namespace: string | undefined,
): TargetSearch {
  const constraints = own && own.resourceRules.length > 0 ? own : spec.matchConstraints;
  if (!constraints) return () => [];
  const { matches } = compileConstraints(constraints, { anyOperation: true });
  const places = placesOf(constraints);
  return (_scope, input) => {
    const found = new Map<string, Target>();
    for (const { apiVersion, resource, subresource } of places) {
      const listed = list(apiVersion, resource, namespace ?? '', input.facts);
      if (listed instanceof CelError) return listed;
      for (const object of listed) {
        const isFor = matches({
          ...toTargetRequest(object, resource, input, constraints.namespaceSelector !== undefined),
          subresource,
        });
        if (isFor) found.set(`${subresource} ${identityOf(object)}`, { object, subresource });
      }
    }
    return [...found.values()];
  };
}

interface Place {
  readonly apiVersion: string;
  readonly resource: string;
  readonly subresource: string;
}

/** What has to be listed: for a subresource, which nobody lists, the objects that have it. */
function placesOf(constraints: MatchConstraints | undefined): readonly Place[] {
  const places = (constraints?.resourceRules ?? []).flatMap(({ apiGroups, apiVersions, resources }) =>
    apiGroups.flatMap((group) =>
      apiVersions.flatMap((version) =>
        resources.map((text): Place => {
          const [resource = '', subresource = ''] = text.split('/');
          return { apiVersion: group === '' ? version : `${group}/${version}`, resource, subresource };
        }),
      ),
    ),
  );
  return [...new Map(places.map((place) => [JSON.stringify(place), place])).values()];
}

function list(
  apiVersion: string,
  resource: string,
  namespace: string,
  facts: FactTable,
): readonly JsonObject[] | CelError {
  const fact = facts.get({ kind: 'api-resource', apiVersion, resource, namespace, anywhere: true });
  return fact.ok ? objectsOf(fact.value) : new CelError(fact.message);
}

/** The object as the subject of a request, so that constraints can be asked about it. */
function toTargetRequest(
  object: JsonObject,
  resource: string,
  input: RuleInput,
  needsNamespace: boolean,
): EvaluationRequest {
  const apiVersion = readText(object, 'apiVersion') ?? '';
  const cut = apiVersion.indexOf('/');
  const namespace = namespaceOf(object);
  return {
    ...input.request,
    kind: {
      group: cut < 0 ? '' : apiVersion.slice(0, cut),
      version: apiVersion.slice(cut + 1),
      kind: readText(object, 'kind') ?? '',
    },
    ...(resource === '*' ? {} : { plural: resource }),
    subresource: '',
    namespace,
    name: readText(readObject(object, 'metadata'), 'name') ?? '',
    resource: object,
    oldResource: undefined,
    namespaceLabels: needsNamespace && namespace !== '' ? labelsOfNamespace(namespace, input) : {},
  };
}

function labelsOfNamespace(name: string, { request, facts }: RuleInput): Readonly<Record<string, string>> {
  if (name === request.namespace) return request.namespaceLabels;
  if (request.standIns !== undefined) return labelsOf(request.standIns.namespaces?.get(name));
  const fact = facts.get({ kind: 'resource', apiVersion: 'v1', resourceKind: 'Namespace', name });
  return fact.ok && isJsonObject(fact.value) ? labelsOf(fact.value) : {};
}

function labelsOf(object: JsonObject | undefined): Readonly<Record<string, string>> {
  return object ? readTextMap(readObject(object, 'metadata'), 'labels') : {};
}

function namespaceOf(object: JsonObject): string {
  const namespace = memberAt(object, 'metadata', 'namespace');
  return typeof namespace === 'string' ? namespace : '';
}

function identityOf(object: JsonObject): string {
  return JSON.stringify([
    member(object, 'apiVersion') ?? '',
    member(object, 'kind') ?? '',
    namespaceOf(object),
    memberAt(object, 'metadata', 'name') ?? '',
  ]);
}
