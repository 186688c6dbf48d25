import type { Declarations, ResolvedName } from '../declare/declarations.ts';
import type { FunctionDeclaration, Overload } from '../declare/function-declaration.ts';
import {
  type Bind,
  type Call,
  type Comprehension,
  type Expr,
  type ListExpr,
  type MapExpr,
  qualifiedName,
  type Select,
  type StructExpr,
} from '../syntax/ast.ts';
import { type CelIssue, sortIssues } from '../syntax/source.ts';
import {
  BOOL,
  type CelType,
  DYN,
  ERROR_TYPE,
  formatType,
  INT,
  isSameType,
  listType,
  mapType,
  OPTIONAL_NAME,
  optionalType,
} from '../values/cel-type.ts';
import { typeOf } from '../values/type-of.ts';
import type { CheckedExpr, Reference } from './checked.ts';
import { IssueLog } from './issue-log.ts';
import { OPERATORS } from './operators.ts';
import { Scopes } from './scopes.ts';
import { instantiate, isDyn, isDynOrError, Substitutions } from './substitutions.ts';

export type CheckResult = CheckedExpr | { readonly issues: readonly CelIssue[] };

/**
 * Checks an expression against declarations: types of all nodes, what names mean, which overloads may apply. A
 * `lenient` check reports nothing: what is unknown is left to the evaluation.
 */
export function check(
  text: string,
  expr: Expr,
  nodeCount: number,
  declarations: Declarations,
  lenient = false,
): CheckResult {
  const log = new IssueLog(text, declarations.container, lenient);
  const checker = new Checker(log, declarations);
  checker.check(expr);
  if (log.issues.length > 0) return { issues: sortIssues(log.issues) };
  const types = checker.finalTypes();
  return { expr, nodeCount, types, references: checker.references, resultType: types[expr.id] ?? DYN };
}

class Checker {
  readonly references: (Reference | undefined)[] = [];
  readonly #types: (CelType | undefined)[] = [];
  readonly #substitutions = new Substitutions();
  readonly #declarations: Declarations;
  readonly #log: IssueLog;
  readonly #scopes = new Scopes();

  constructor(log: IssueLog, declarations: Declarations) {
    this.#log = log;
    this.#declarations = declarations;
  }

  finalTypes(): (CelType | undefined)[] {
    return this.#types.map((type) => type && this.#substitutions.apply(type, true));
  }

  check(expr: Expr): CelType {
    const type = this.#typeOf(expr);
    this.#types[expr.id] = type;
    return type;
  }

  #typeOf(expr: Expr): CelType {
    switch (expr.kind) {
      case 'literal':
        return typeOf(expr.value);
      case 'ident':
        return this.#name(expr, expr.name) ?? this.#unknownName(expr, expr.name);
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
      default:
        return this.#bind(expr);
    }
  }

  #unknownName(expr: Expr, name: string): CelType {
    if (this.#log.lenient) this.references[expr.id] = { kind: 'variable', name: name.replace(/^\./, '') };
    return this.#log.undeclared(expr.position, name);
  }

  #noOverload(position: number, name: string, types: readonly CelType[], member: boolean): CelType {
    const final = types.map((type) => this.#substitutions.apply(type, true));
    return this.#log.noOverload(position, name, final, member);
  }

  /** The type of a name as written, its meaning noted; `undefined` when nothing is known by it. */
  #name(expr: Expr, name: string): CelType | undefined {
    const local = this.#scopes.find(name);
    const found: ResolvedName | undefined = local ?? this.#declarations.findName(name);
    if (found === undefined) return undefined;
    this.references[expr.id] =
      found.value === undefined ? { kind: 'variable', name: found.name } : { kind: 'constant', value: found.value };
    return found.type;
  }

  #select(expr: Select): CelType {
    const name = expr.test ? undefined : qualifiedName(expr);
    const named = name === undefined || this.#isLocalRoot(name) ? undefined : this.#name(expr, name);
    if (named !== undefined) return named;
    const type = this.#field(expr, expr.operand, expr.field, false);
    return expr.test ? BOOL : this.#substitutions.apply(type, false);
  }

  // A loop variable hides dotted names that begin with it.
  #isLocalRoot(name: string): boolean {
    const dot = name.indexOf('.');
    return this.#scopes.find(dot < 0 ? name : name.slice(0, dot)) !== undefined;
  }

  #field(expr: Expr, operand: Expr, field: string, optional: boolean): CelType {
    const operandType = this.#substitutions.apply(this.check(operand), false);
    const target = unwrapOptional(operandType);
    const type = this.#fieldType(expr, target ?? operandType, field);
    return target !== undefined || optional ? optionalType(type) : type;
  }

  #fieldType(expr: Expr, target: CelType, field: string): CelType {
    switch (target.kind) {
      case 'map':
        return target.parameters[1] ?? DYN;
      case 'struct':
        return this.#structField(expr.position, target.name, field);
      case 'parameter':
        this.#substitutions.isAssignable(DYN, target);
        return DYN;
      default:
        if (!isDynOrError(target)) {
          this.#log.add(expr.position, `type '${formatType(target)}' does not support field selection`);
        }
        return DYN;
    }
  }

  #structField(position: number, typeName: string, field: string): CelType {
    const declared = this.#declarations.findType(typeName);
    if (declared === undefined) {
      this.#log.add(position, `unexpected failed resolution of '${typeName}'`);
      return ERROR_TYPE;
    }
    const type = declared.fieldType(field);
    if (type !== undefined) return type;
    this.#log.add(position, `undefined field '${field}'`);
    return ERROR_TYPE;
  }

  #call(expr: Call): CelType {
    if (expr.name === '_?._') return this.#optionalSelect(expr);
    if (expr.name === '_&&_' || expr.name === '_||_') return this.#logical(expr);
    const args = expr.args.map((argument) => this.check(argument));
    const operator = OPERATORS.get(expr.name);
    if (operator !== undefined) return this.#operator(expr, args, operator);
    if (expr.target === undefined) {
      const declared = this.#declarations.findFunction(expr.name);
      return declared ? this.#resolve(expr, declared, args, false) : this.#log.undeclared(expr.position, expr.name);
    }
    const prefix = qualifiedName(expr.target);
    const namespaced = prefix === undefined ? undefined : this.#declarations.findFunction(`${prefix}.${expr.name}`);
    if (namespaced !== undefined) return this.#resolve(expr, namespaced, args, true);
    const target = this.check(expr.target);
    const declared = this.#declarations.findFunction(expr.name);
    return declared
      ? this.#resolve(expr, declared, [target, ...args], false)
      : this.#log.undeclared(expr.position, expr.name);
  }

  #optionalSelect(expr: Call): CelType {
    const [operand, field] = expr.args;
    if (operand === undefined || field?.kind !== 'literal' || typeof field.value !== 'string') {
      this.#log.add(expr.position, 'unsupported optional field selection');
      return ERROR_TYPE;
    }
    this.check(field);
    return this.#substitutions.apply(this.#field(expr, operand, field.value, true), false);
  }

  #logical(expr: Call): CelType {
    let failed = false;
    for (const argument of expr.args) {
      const type = this.check(argument);
      if (this.#substitutions.isAssignable(type, BOOL)) continue;
      this.#log.mismatch(argument.position, BOOL, type);
      failed = true;
    }
    return failed ? ERROR_TYPE : BOOL;
  }

  #operator(
    expr: Call,
    args: readonly CelType[],
    overloads: readonly { parameters: readonly CelType[]; result: CelType }[],
  ): CelType {
    let result: CelType | undefined;
    for (const overload of overloads) result = this.#apply(result, overload, args);
    return result ?? this.#noOverload(expr.position, expr.name, args, false);
  }

  /** The result so far, joined with this overload's when it applies; different results make `dyn`. */
  #apply(
    previous: CelType | undefined,
    { parameters, result }: { readonly parameters: readonly CelType[]; readonly result: CelType },
    args: readonly CelType[],
  ): CelType | undefined {
    if (parameters.length !== args.length) return previous;
    const [own = DYN, ...wanted] = instantiate([result, ...parameters], this.#substitutions);
    if (!this.#substitutions.areAssignable(args, wanted)) return previous;
    const type = this.#substitutions.apply(own, false);
    if (previous === undefined || isDyn(previous)) return previous ?? type;
    return isSameType(previous, type) ? previous : DYN;
  }

  #resolve(expr: Call, declared: FunctionDeclaration, args: readonly CelType[], namespaced: boolean): CelType {
    const member = expr.target !== undefined && !namespaced;
    let result: CelType | undefined;
    const applicable: Overload[] = [];
    for (const overload of declared.overloads) {
      if (overload.member !== member || overload.parameters.length !== args.length) continue;
      const [own = DYN, ...wanted] = instantiate([overload.result, ...overload.parameters], this.#substitutions);
      if (!this.#substitutions.areAssignable(args, wanted)) continue;
      applicable.push(overload);
      const type = this.#substitutions.apply(own, false);
      if (result === undefined) result = type;
      else if (!isDyn(result) && !isSameType(result, type)) result = DYN;
    }
    if (result === undefined) {
      if (!this.#log.lenient) return this.#noOverload(expr.position, declared.name, args, member);
      applicable.push(
        ...declared.overloads.filter(
          (overload) => overload.member === member && overload.parameters.length === args.length,
        ),
      );
    }
    this.references[expr.id] = { kind: 'function', name: declared.name, overloads: applicable, namespaced };
    return result ?? DYN;
  }

  #list(expr: ListExpr): CelType {
    let element: CelType | undefined;
    for (const { value, optional } of expr.elements) {
      const type = this.#entryType(value, optional);
      element = this.#join(element, type);
    }
    return listType(element ?? this.#substitutions.newParameter());
  }

  #map(expr: MapExpr): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of expr.entries) {
      key = this.#join(key, this.check(entry.key));
      value = this.#join(value, this.#entryType(entry.value, entry.optional));
    }
    return mapType(key ?? this.#substitutions.newParameter(), value ?? this.#substitutions.newParameter());
  }

  #entryType(value: Expr, optional: boolean): CelType {
    const type = this.check(value);
    if (!optional) return type;
    const inner = unwrapOptional(type);
    if (inner === undefined && !isDyn(type)) this.#log.mismatch(value.position, optionalType(type), type);
    return inner ?? type;
  }

  #join(previous: CelType | undefined, current: CelType): CelType {
    if (previous === undefined) return current;
    if (this.#substitutions.isAssignable(previous, current)) return this.#substitutions.mostGeneral(previous, current);
    return DYN;
  }

  #struct(expr: StructExpr): CelType {
    const found = this.#declarations.findName(expr.typeName);
    if (found === undefined) return this.#log.undeclared(expr.position, expr.typeName);
    const type = found.type.kind === 'type' ? found.type.parameters[0] : undefined;
    const declared = this.#declarations.findType(found.name);
    if (type === undefined || declared === undefined) {
      const what = type === undefined ? 'a type' : 'a message type';
      this.#log.add(expr.position, `'${type?.name ?? formatType(found.type)}' is not ${what}`);
      for (const field of expr.fields) this.check(field.value);
      return ERROR_TYPE;
    }
    this.references[expr.id] = { kind: 'struct', type: declared };
    for (const { position, name, value, optional } of expr.fields) {
      const given = this.#entryType(value, optional);
      const wanted = this.#structField(position, found.name, name);
      if (!this.#substitutions.isAssignable(wanted, given)) {
        this.#log.add(
          position,
          `expected type of field '${name}' is '${formatType(wanted)}' but provided type is '${formatType(given)}'`,
        );
      }
    }
    return type;
  }

  #comprehension(expr: Comprehension): CelType {
    const range = this.#substitutions.apply(this.check(expr.range), false);
    const [first, second] = this.#rangeTypes(expr, range);
    const [name = '', secondName] = expr.variables;
    const variables = [{ name, type: first }];
    if (secondName !== undefined) variables.push({ name: secondName, type: second });
    return this.#scopes.within(variables, () => this.#loop(expr, first));
  }

  /** The types of the loop variables. */
  #rangeTypes(expr: Comprehension, range: CelType): readonly [CelType, CelType] {
    const two = expr.variables.length > 1;
    const [first = DYN, second = DYN] = range.parameters;
    switch (range.kind) {
      case 'list':
        return two ? [INT, first] : [first, first];
      case 'map':
        return [first, second];
      case 'dyn':
      case 'any':
      case 'error':
      case 'parameter':
        this.#substitutions.isAssignable(DYN, range);
        return [DYN, DYN];
      default:
        this.#log.add(
          expr.range.position,
          `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
        return [ERROR_TYPE, ERROR_TYPE];
    }
  }

  #loop(expr: Comprehension, key: CelType): CelType {
    const filter = expr.filter === undefined ? undefined : this.check(expr.filter);
    const step = this.check(expr.step);
    const result = this.#loopResult(expr, key, step);
    if (expr.filter !== undefined && filter !== undefined) this.#condition(expr, filter, result);
    return result;
  }

  #loopResult(expr: Comprehension, key: CelType, step: CelType): CelType {
    switch (expr.form) {
      case 'all':
      case 'exists':
        if (!this.#substitutions.isAssignable(step, BOOL)) this.#log.mismatch(expr.step.position, BOOL, step);
        return BOOL;
      case 'existsOne':
        this.#condition(expr, step, INT);
        return BOOL;
      case 'transformMap':
        return mapType(key, step);
      case 'transformMapEntry':
        return this.#entryResult(expr, step);
      default:
        return listType(step);
    }
  }

  // The original expands these macros to a conditional, and complains about that.
  #condition(expr: Comprehension, condition: CelType, result: CelType): void {
    if (!this.#substitutions.isAssignable(condition, BOOL)) {
      this.#noOverload(expr.position, '_?_:_', [condition, result, result], false);
    }
  }

  #entryResult(expr: Comprehension, step: CelType): CelType {
    const map = mapType(this.#substitutions.newParameter(), this.#substitutions.newParameter());
    if (this.#substitutions.isAssignable(step, map)) return this.#substitutions.apply(map, false);
    return this.#noOverload(expr.position, 'cel.@mapInsert', [map, step], false);
  }

  #bind(expr: Bind): CelType {
    const type = this.check(expr.init);
    return this.#scopes.within([{ name: expr.variable, type }], () => this.check(expr.body));
  }
}

function unwrapOptional(type: CelType): CelType | undefined {
  return type.kind === 'opaque' && type.name === OPTIONAL_NAME ? (type.parameters[0] ?? DYN) : undefined;
}
