import { type Activation, type CelResult, type CelValue, LazyRecord, VARIABLES, withDoubles } from '@vouchsafe/cel';
import type { JsonObject } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import { toAttributes } from './admission-attributes.ts';
import { policyNamespaceObject } from './namespace-object.ts';
import type { PolicyExpression, PolicyScope } from './policy-language.ts';

const ABSENT: JsonObject = Object.freeze({});

/** `variables` of a policy, in order. */
export type PolicyVariables = readonly (readonly [name: string, expression: PolicyExpression])[];

/**
 * The variables of an evaluation, each made when it is first read (kyverno-cel §2.3). The side of the request that is
 * absent is an empty map, as in Kyverno's own kinds.
 */
export function createActivation(input: RuleInput): Activation {
  const { request } = input;
  let attributes: ReturnType<typeof toAttributes> | undefined;
  const known = () => {
    attributes ??= toAttributes(input);
    return attributes;
  };
  let object: CelValue | undefined;
  let oldObject: CelValue | undefined;
  let told: CelValue | undefined;
  return {
    get object() {
      object ??= shownObject(known().object ?? ABSENT, request);
      return object;
    },
    get oldObject() {
      oldObject ??= shownObject(known().oldObject ?? ABSENT, request);
      return oldObject;
    },
    get request() {
      told ??= { ...known().request, object: known().object, oldObject: known().oldObject };
      return told;
    },
    get namespaceObject() {
      return policyNamespaceObject(known().namespace, input);
    },
  };
}

/** In files numbers are doubles to Kyverno's CLI, but not those of `request`, which went through JSON (kyverno-cel §9.3). */
export function shownObject(object: JsonObject, { standIns }: EvaluationRequest): CelValue {
  return standIns?.doubles === true ? doubled(object) : object;
}

/** The same when a payload is judged: all that is no object of Kubernetes is null (kyverno-cel §2.3). */
export function createPayloadActivation({ request, resource }: RuleInput): Activation {
  return { object: asRead(resource, request), oldObject: null, request: null, namespaceObject: null };
}

/** In files numbers are doubles to Kyverno's CLI, but not those of `request`, which went through JSON. */
function asRead(object: JsonObject, { standIns }: EvaluationRequest): CelValue {
  return standIns?.doubles === true ? doubled(object) : object;
}

/** Many policies look at one object. */
const DOUBLED = new WeakMap<JsonObject, CelValue>();

function doubled(object: JsonObject): CelValue {
  let value = DOUBLED.get(object);
  if (value === undefined) {
    value = withDoubles(object);
    DOUBLED.set(object, value);
  }
  return value;
}

/** The activation with `more`; what is lazy in it stays so. */
export function extendActivation(activation: Activation, more: Activation): Activation {
  const properties = { ...Object.getOwnPropertyDescriptors(activation), ...Object.getOwnPropertyDescriptors(more) };
  return Object.defineProperties({}, properties);
}

/** The scope with `variables`, each evaluated when first read, at most once. */
export function withVariables(scope: PolicyScope, variables: PolicyVariables): PolicyScope {
  if (variables.length === 0) return scope;
  const fields = new Map<string, () => CelResult>();
  const activation = extendActivation(scope.activation, { variables: new LazyRecord(VARIABLES, fields) });
  const inner: PolicyScope = { ...scope, activation };
  for (const [name, expression] of variables) fields.set(name, () => expression.evaluate(inner));
  return inner;
}
