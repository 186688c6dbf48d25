import type { CheckedExpr, Reference } from '../check/checked.ts';
import type { Call, Comprehension, Expr, Select } from '../syntax/ast.ts';
import { CelError } from '../values/cel-error.ts';
import type { CelType } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import {
  planBound,
  planConstantIndex,
  planIndex,
  planOptionalSelect,
  planOr,
  planOrValue,
  planRepeated,
  planSelects,
  planTest,
  planVariable,
} from './attributes.ts';
import { planCall, planCallWith } from './calls.ts';
import { planEquality, planEqualityTo } from './equality-steps.ts';
import { isAttribute, isConstant } from './expr-shapes.ts';
import { type Frame, observed, type Step } from './frame.ts';
import { planList, planMap, planStruct } from './literal-steps.ts';
import { planConditional, planLogical, planNot } from './logic.ts';
import { planLoop } from './loops.ts';
import { planBinary, planIn, planInConstants, planNegate } from './operator-steps.ts';
import { planVariablePath, planVariableTest, type Variable } from './variable-paths.ts';

export interface Plan {
  readonly step: Step;
  /** Names of the activation's variables, in the order of their slots. */
  readonly variables: readonly string[];
  /** How many slots a frame needs. */
  readonly slotCount: number;
}

/** Turns a checked expression into closures. With `observing`, every node reports its value. */
export function plan(checked: CheckedExpr, observing: boolean): Plan {
  const planner = new Planner(checked, observing);
  const step = planner.plan(checked.expr);
  return planner.finish(step);
}

/** Literals have their value at hand; everything else is computed. */
interface Constant {
  readonly value: CelValue;
}

interface Scope {
  readonly name: string;
  readonly slot: number;
  /** Computes the value of a `cel.bind` variable when it is first asked for. */
  readonly compute: Step | undefined;
  readonly outer: Scope | undefined;
}

class Planner {
  readonly #checked: CheckedExpr;
  readonly #observing: boolean;
  readonly #variables = new Map<string, number>();
  readonly #globals: string[];
  #locals = 0;
  #scope: Scope | undefined;

  constructor(checked: CheckedExpr, observing: boolean) {
    this.#checked = checked;
    this.#observing = observing;
    const names = checked.references.flatMap((reference) => (reference?.kind === 'variable' ? [reference.name] : []));
    this.#globals = [...new Set(names)];
    for (const [slot, name] of this.#globals.entries()) this.#variables.set(name, slot);
  }

  finish(step: Step): Plan {
    return { step, variables: this.#globals, slotCount: this.#globals.length + this.#locals };
  }

  plan(expr: Expr): Step {
    const step = this.#step(expr);
    return this.#observing ? observed(expr, step) : step;
  }

  #reference(expr: Expr): Reference | undefined {
    return this.#checked.references[expr.id];
  }

  #type(expr: Expr): CelType | undefined {
    return this.#checked.types[expr.id];
  }

  #constant(expr: Expr): Constant | undefined {
    if (expr.kind === 'literal') return expr;
    const reference = this.#reference(expr);
    return reference?.kind === 'constant' ? reference : undefined;
  }

  #step(expr: Expr): Step {
    const constant = this.#constant(expr);
    if (constant !== undefined) {
      const { value } = constant;
      return () => value;
    }
    switch (expr.kind) {
      case 'ident':
        return this.#variable(expr, expr.name);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr);
      case 'map':
        return this.#map(expr);
      case 'struct':
        return this.#struct(expr);
      case 'comprehension':
        return this.#comprehension(expr);
      case 'bind':
        return this.#bind(expr.variable, expr.init, expr.body);
      default:
        return () => null;
    }
  }

  #variable(expr: Expr, name: string): Step {
    for (let scope = this.#scope; scope; scope = scope.outer) {
      if (scope.name !== name) continue;
      if (scope.compute === undefined) return planVariable(scope.slot, name);
      return name === REPEATED ? planRepeated(scope.slot, scope.compute) : planBound(scope.slot, scope.compute);
    }
    const reference = this.#reference(expr);
    const global = reference?.kind === 'variable' ? reference.name : name;
    return planVariable(this.#variables.get(global) ?? 0, global);
  }

  #newSlot(): number {
    return this.#globals.length + this.#locals++;
  }

  #within<Result>(names: readonly string[], slots: readonly number[], body: () => Result, compute?: Step): Result {
    const outer = this.#scope;
    for (const [index, name] of names.entries()) {
      this.#scope = { name, slot: slots[index] ?? 0, compute, outer: this.#scope };
    }
    const result = body();
    this.#scope = outer;
    return result;
  }

  #select(expr: Select): Step {
    if (this.#reference(expr)?.kind === 'variable') return this.#variable(expr, '');
    const fields = [expr.field];
    let operand = expr.operand;
    // A chain of selections is one step, unless each is to be observed.
    while (!this.#observing && operand.kind === 'select' && !operand.test && this.#reference(operand) === undefined) {
      fields.unshift(operand.field);
      operand = operand.operand;
    }
    const variable = this.#observing ? undefined : this.#plainVariable(operand);
    if (expr.test) return this.#test(operand, variable, fields);
    if (variable !== undefined) return planVariablePath(variable, fields);
    return planSelects(this.#attributeOperand(operand), fields);
  }

  /** `has` of the last field. */
  #test(operand: Expr, variable: Variable | undefined, fields: readonly string[]): Step {
    const path = fields.slice(0, -1);
    const field = fields.at(-1) ?? '';
    if (variable === undefined) {
      return planTest(
        path.length === 0 ? this.plan(operand) : planSelects(this.#attributeOperand(operand), path),
        field,
      );
    }
    return path.length === 0 ? planVariableTest(variable, field) : planTest(planVariablePath(variable, path), field);
  }

  /** The variable an expression is, when its value stands in a slot without being computed first. */
  #plainVariable(expr: Expr): Variable | undefined {
    if (expr.kind !== 'ident' || this.#constant(expr) !== undefined) return undefined;
    for (let scope = this.#scope; scope; scope = scope.outer) {
      if (scope.name === expr.name)
        return scope.compute === undefined ? { slot: scope.slot, name: expr.name } : undefined;
    }
    const reference = this.#reference(expr);
    const name = reference?.kind === 'variable' ? reference.name : expr.name;
    return { slot: this.#variables.get(name) ?? 0, name };
  }

  /** What an attribute starts from: a variable, or a computed value, which costs one unit more. */
  #attributeOperand(operand: Expr): Step {
    const step = this.plan(operand);
    if (isAttribute(operand)) return step;
    return (frame) => {
      frame.cost++;
      return step(frame);
    };
  }

  #call(expr: Call): Step {
    const special = this.#special(expr);
    if (special !== undefined) return special;
    const reference = this.#reference(expr);
    if (reference?.kind !== 'function') {
      const unbound = new CelError(`unbound function: ${expr.name}`);
      return () => unbound;
    }
    const prepared = this.#prepared(expr, reference);
    if (prepared !== undefined) return prepared;
    const args = expr.args.map((argument) => this.plan(argument));
    if (expr.target !== undefined && !reference.namespaced) args.unshift(this.plan(expr.target));
    return this.#folded(planCall(reference.name, reference.overloads, args), isConstant(expr));
  }

  /** A method with one constant argument, such as `startsWith('a')`. */
  #prepared(expr: Call, reference: Reference & { readonly kind: 'function' }): Step | undefined {
    const [declared, other] = reference.overloads;
    const [argument] = expr.args;
    if (this.#observing || expr.target === undefined || reference.namespaced || expr.args.length !== 1)
      return undefined;
    if (declared === undefined || other !== undefined || argument?.kind !== 'literal') return undefined;
    return planCallWith(reference.name, declared, this.plan(expr.target), argument.value);
  }

  /** Operators, and functions that do not evaluate all of their arguments. */
  #special(expr: Call): Step | undefined {
    const [first, second, third] = expr.args;
    if (first === undefined) return undefined;
    switch (expr.name) {
      case '_&&_':
      case '_||_':
        return planLogical(
          expr.args.map((argument) => this.plan(argument)),
          expr.name === '_||_',
        );
      case '!_':
        return planNot(this.plan(first));
      case '-_':
        return planNegate(this.plan(first));
      case 'orValue':
      case 'or':
        return this.#optionalFallback(expr, first);
      default:
        if (second === undefined) return undefined;
        if (expr.name === '_?_:_') return third && this.#conditional(first, second, third);
        return this.#binary(expr.name, first, second);
    }
  }

  #optionalFallback({ name, target, id }: Call, other: Expr): Step | undefined {
    const reference = this.#checked.references[id];
    const isOwn =
      reference?.kind === 'function' &&
      reference.overloads.some(({ id: overload }) => overload.startsWith('optional_or'));
    if (target === undefined || !isOwn) return undefined;
    return name === 'or'
      ? planOr(this.plan(target), this.plan(other))
      : planOrValue(this.plan(target), this.plan(other));
  }

  #conditional(condition: Expr, yes: Expr, no: Expr): Step {
    return planConditional(this.plan(condition), this.#branch(yes), this.#branch(no));
  }

  /** A branch or index that is itself an attribute is not charged for as one. */
  #branch(expr: Expr): Step {
    const step = this.plan(expr);
    if (!isAttribute(expr)) return step;
    return (frame) => {
      frame.cost--;
      return step(frame);
    };
  }

  #binary(name: string, left: Expr, right: Expr): Step | undefined {
    switch (name) {
      case '_==_':
      case '_!=_':
        return this.#equality(left, right, name === '_==_');
      case '@in':
        return this.#in(left, right);
      case '_[_]':
      case '_[?_]':
        return this.#index(left, right, name === '_[?_]');
      case '_?._':
        return right.kind === 'literal'
          ? planOptionalSelect(this.#attributeOperand(left), String(right.value))
          : undefined;
      default:
        return planBinary(name, this.plan(left), this.plan(right), [this.#type(left), this.#type(right)]);
    }
  }

  #equality(left: Expr, right: Expr, wanted: boolean): Step {
    const constant = this.#observing ? undefined : this.#constant(right);
    if (constant !== undefined) return planEqualityTo(this.plan(left), constant.value, wanted);
    const other = this.#observing ? undefined : this.#constant(left);
    if (other !== undefined) return planEqualityTo(this.plan(right), other.value, wanted);
    return planEquality(this.plan(left), this.plan(right), wanted);
  }

  #in(element: Expr, collection: Expr): Step {
    const constants = this.#observing ? undefined : this.#constantElements(collection);
    if (constants !== undefined) return planInConstants(this.plan(element), constants);
    return planIn(this.plan(element), this.plan(collection), this.#type(collection));
  }

  #index(operand: Expr, index: Expr, optional: boolean): Step {
    const start = this.#attributeOperand(operand);
    if (index.kind === 'literal' && !optional && !this.#observing) return planConstantIndex(start, index.value);
    return planIndex(start, this.#branch(index), optional);
  }

  #constantElements(expr: Expr): readonly CelValue[] | undefined {
    if (expr.kind !== 'list' || expr.elements.length === 0) return undefined;
    const values: CelValue[] = [];
    for (const { value, optional } of expr.elements) {
      if (optional || value.kind !== 'literal') return undefined;
      values.push(value.value);
    }
    return values;
  }

  /** The value of a literal made of constants, computed once: nothing can tell it from a fresh one. */
  #folded(step: Step, constant: boolean): Step {
    if (!constant || this.#observing) return step;
    const frame: Frame = {
      slots: [],
      host: undefined,
      observer: undefined,
      limit: Number.POSITIVE_INFINITY,
      cost: 0,
      work: 0,
    };
    const value: CelResult = step(frame);
    return () => value;
  }

  #list(expr: Expr & { readonly kind: 'list' }): Step {
    const step = planList(expr.elements.map(({ value, optional }) => ({ step: this.plan(value), optional })));
    return this.#folded(step, isConstant(expr));
  }

  #map(expr: Expr & { readonly kind: 'map' }): Step {
    const entries = expr.entries.map(({ key, value, optional }) => ({
      key: this.plan(key),
      step: this.plan(value),
      optional,
    }));
    return this.#folded(planMap(entries), isConstant(expr));
  }

  #struct(expr: Expr & { readonly kind: 'struct' }): Step {
    const reference = this.#reference(expr);
    if (reference?.kind !== 'struct') return () => new CelError(`no such type: ${expr.typeName}`);
    const fields = expr.fields.map(({ name, value, optional }) => ({ name, step: this.plan(value), optional }));
    return planStruct(reference.type, fields);
  }

  #comprehension(expr: Comprehension): Step {
    const range = this.plan(expr.range);
    const slots = expr.variables.map(() => this.#newSlot());
    return this.#within(expr.variables, slots, () =>
      planLoop({
        form: expr.form,
        range,
        slots,
        filter: expr.filter && this.plan(expr.filter),
        step: this.plan(expr.step),
        constantStep: isConstant(expr.step),
      }),
    );
  }

  /** The value is computed when it is first asked for, at most once per entry into the body. */
  #bind(variable: string, init: Expr, body: Expr): Step {
    const slot = this.#newSlot();
    if (variable === REPEATED) this.#newSlot();
    const compute = this.plan(init);
    const use = this.#within([variable], [slot], () => this.plan(body), compute);
    return (frame) => {
      // Unset, since a loop around may come here again.
      frame.slots[slot] = undefined;
      return use(frame);
    };
  }
}

/** The variable of macros whose expansion repeats their target: computed once, charged for every time. */
const REPEATED = '@target';
