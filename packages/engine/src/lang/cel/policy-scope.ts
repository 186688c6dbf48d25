import {
  type Activation,
  CelRecord,
  type CelResult,
  type CelValue,
  readVariable,
  VARIABLES,
  type VariableRecord,
  VariableSource,
  withDoubles,
} from '@vouchsafe/cel';
import type { JsonObject } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import { type AdmissionAttributes, toAttributes, withKind } from './admission-attributes.ts';
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
  return new RequestVariables(input);
}

class RequestVariables extends VariableSource {
  readonly #input: RuleInput;
  #object: CelValue | undefined;
  #oldObject: CelValue | undefined;
  #attributes: AdmissionAttributes | undefined;
  #request: CelValue | undefined;

  constructor(input: RuleInput) {
    super();
    this.#input = input;
  }

  read(name: string): CelResult | undefined {
    const { request, resource } = this.#input;
    switch (name) {
      case 'object':
        this.#object ??= shownObject(request.resource ? withKind(resource, request.kind) : ABSENT, request);
        return this.#object;
      case 'oldObject':
        this.#oldObject ??= shownObject(
          request.oldResource ? withKind(request.oldResource, request.kind) : ABSENT,
          request,
        );
        return this.#oldObject;
      case 'request': {
        const known = this.#known();
        this.#request ??= { ...known.request, object: known.object, oldObject: known.oldObject };
        return this.#request;
      }
      case 'namespaceObject':
        return policyNamespaceObject(this.#known().namespace, this.#input);
      default:
        return undefined;
    }
  }

  #known(): AdmissionAttributes {
    this.#attributes ??= toAttributes(this.#input);
    return this.#attributes;
  }
}

/** In files numbers are doubles to Kyverno's CLI, but not those of `request`, which went through JSON (kyverno-cel §9.3). */
export function shownObject(object: JsonObject, { standIns }: EvaluationRequest): CelValue {
  return standIns?.doubles === true ? doubled(object) : object;
}

/** The same when a payload is judged: all that is no object of Kubernetes is null (kyverno-cel §2.3). */
export function createPayloadActivation({ request, resource }: RuleInput): Activation {
  return { object: shownObject(resource, request), oldObject: null, request: null, namespaceObject: null };
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

/** The activation with `more`, whose members are read when they are asked for. */
export function extendActivation(activation: Activation, more: VariableRecord): Activation {
  return new FurtherVariables(activation, more);
}

class FurtherVariables extends VariableSource {
  readonly #before: Activation;
  readonly #more: VariableRecord;

  constructor(before: Activation, more: VariableRecord) {
    super();
    this.#before = before;
    this.#more = more;
  }

  read(name: string): CelResult | undefined {
    return Object.hasOwn(this.#more, name) ? this.#more[name] : readVariable(this.#before, name);
  }
}

/** The scope with `variables`, each evaluated when first read, at most once. */
export function withVariables(scope: PolicyScope, variables: PolicyVariables): PolicyScope {
  if (variables.length === 0) return scope;
  const record = new ScopeVariables(variables);
  const inner: PolicyScope = { ...scope, activation: extendActivation(scope.activation, { variables: record }) };
  record.scope = inner;
  return inner;
}

/** The variable `variables`: a policy has few, so that looking through them is quicker than a table for each evaluation. */
class ScopeVariables extends CelRecord {
  readonly celType = VARIABLES;
  /** What they are evaluated in; they see each other. */
  scope: PolicyScope | undefined;
  readonly #variables: PolicyVariables;
  readonly #values: (CelResult | undefined)[] = [];

  constructor(variables: PolicyVariables) {
    super();
    this.#variables = variables;
  }

  override get(field: string): CelResult | undefined {
    const index = this.#indexOf(field);
    const expression = this.#variables[index]?.[1];
    if (expression === undefined || this.scope === undefined) return undefined;
    const value = this.#values[index] ?? expression.evaluate(this.scope);
    this.#values[index] = value;
    return value;
  }

  override has(field: string): boolean {
    return this.#indexOf(field) >= 0;
  }

  equals(other: CelValue): boolean {
    return other === this;
  }

  /** Of two with one name the later counts. */
  #indexOf(field: string): number {
    for (let index = this.#variables.length - 1; index >= 0; index -= 1) {
      if (this.#variables[index]?.[0] === field) return index;
    }
    return -1;
  }
}
