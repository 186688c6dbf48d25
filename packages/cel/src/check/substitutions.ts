import {
  type CelType,
  DYN,
  isSameType,
  listType,
  mapType,
  opaqueType,
  CelType as Type,
  typeOfType,
  typeParameter,
} from '../values/cel-type.ts';

/**
 * What type parameters stand for, and whether one type may be used where another is wanted. The rules are the
 * original checker's: `dyn` fits everywhere, wrappers take null, messages, timestamps, durations and opaque values too.
 * Failed attempts leave no trace.
 */
export class Substitutions {
  readonly #bindings = new Map<string, CelType>();
  readonly #trail: { readonly name: string; readonly before: CelType | undefined }[] = [];
  #fresh = 0;

  newParameter(): CelType {
    return typeParameter(`_var${this.#fresh++}`);
  }

  isAssignable(from: CelType, to: CelType): boolean {
    return this.#attempt(() => this.#assign(from, to));
  }

  areAssignable(from: readonly CelType[], to: readonly CelType[]): boolean {
    return this.#attempt(() => this.#assignAll(from, to));
  }

  /** The more general of two compatible types. */
  mostGeneral(a: CelType, b: CelType): CelType {
    return isLessSpecific(a, b) ? a : b;
  }

  /** The type with its parameters replaced; those that stand for nothing become `dyn` at the end of a check. */
  apply(type: CelType, final: boolean): CelType {
    if (!type.generic) return type;
    if (type.kind === 'parameter') {
      const bound = this.#bindings.get(type.name);
      if (bound !== undefined) return this.apply(bound, final);
      return final ? DYN : type;
    }
    const [first, second] = type.parameters;
    if (type.kind === 'list' && first) return listType(this.apply(first, final));
    if (type.kind === 'map' && first && second) return mapType(this.apply(first, final), this.apply(second, final));
    if (type.kind === 'type' && first) return typeOfType(this.apply(first, final));
    return opaqueType(type.name, ...type.parameters.map((parameter) => this.apply(parameter, final)));
  }

  #attempt(attempt: () => boolean): boolean {
    const mark = this.#trail.length;
    if (attempt()) {
      this.#trail.length = 0;
      return true;
    }
    while (this.#trail.length > mark) {
      const undo = this.#trail.pop();
      if (undo?.before !== undefined) this.#bindings.set(undo.name, undo.before);
      else if (undo !== undefined) this.#bindings.delete(undo.name);
    }
    return false;
  }

  #bind(parameter: CelType, type: CelType): void {
    this.#trail.push({ name: parameter.name, before: this.#bindings.get(parameter.name) });
    this.#bindings.set(parameter.name, type);
  }

  #assignAll(from: readonly CelType[], to: readonly CelType[]): boolean {
    return (
      from.length === to.length &&
      from.every((type, index) => {
        const target = to[index];
        return target !== undefined && this.#assign(type, target);
      })
    );
  }

  #assign(from: CelType, to: CelType): boolean {
    if (to.kind === 'parameter') {
      const fits = this.#substitute(from, to);
      if (fits !== 'no') return fits === 'yes';
    }
    if (from.kind === 'parameter') return this.#substitute(to, from) === 'yes';
    if (isDynOrError(from) || isDynOrError(to)) return true;
    if (from.kind === 'null') return isNullable(to);
    if (to.kind === 'null') return isNullable(from);
    switch (from.kind) {
      case 'type':
        return to.kind === 'type';
      case 'opaque':
      case 'list':
      case 'map':
        return from.kind === to.kind && from.name === to.name && this.#assignAll(from.parameters, to.parameters);
      default:
        // Scalars and their wrappers have one name and stand in for each other.
        return from.kind === to.kind && from.name === to.name;
    }
  }

  /** Whether a parameter may stand for a type; `taken` when it already stands for something that does not fit. */
  #substitute(type: CelType, parameter: CelType): 'yes' | 'no' | 'taken' {
    if (isSameType(type, parameter)) return 'yes';
    const bound = this.#bindings.get(parameter.name);
    if (bound === undefined) {
      if (this.#occurs(parameter, type)) return 'no';
      this.#bind(parameter, type);
      return 'yes';
    }
    if (isSameType(type, bound)) return 'yes';
    if (!this.#assign(type, bound)) return 'taken';
    const general = this.mostGeneral(type, bound);
    if (!this.#occurs(parameter, general)) this.#bind(parameter, general);
    return 'yes';
  }

  #occurs(parameter: CelType, within: CelType): boolean {
    if (!within.generic) return false;
    if (within.kind === 'parameter') {
      if (within.name === parameter.name) return true;
      const bound = this.#bindings.get(within.name);
      return bound !== undefined && this.#occurs(parameter, bound);
    }
    return within.parameters.some((part) => this.#occurs(parameter, part));
  }
}

export function isDyn(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'any';
}

export function isDynOrError(type: CelType): boolean {
  return isDyn(type) || type.kind === 'error';
}

function isNullable({ kind, wrapper }: CelType): boolean {
  return (
    wrapper ||
    kind === 'null' ||
    kind === 'opaque' ||
    kind === 'struct' ||
    kind === 'any' ||
    kind === 'duration' ||
    kind === 'timestamp'
  );
}

function isLessSpecific(a: CelType, b: CelType): boolean {
  if (isDyn(a) || a.kind === 'parameter') return true;
  // What may be null is more general than null, and than the scalar a wrapper holds.
  if (b.kind === 'null') return isNullable(a);
  if (isDyn(b) || b.kind === 'parameter' || a.kind !== b.kind) return false;
  if (a.wrapper !== b.wrapper) return a.wrapper;
  if (a.kind === 'type') return true;
  if (a.name !== b.name || a.parameters.length !== b.parameters.length) return false;
  return a.parameters.every((part, index) => isLessSpecific(part, b.parameters[index] ?? DYN));
}

/** A copy of an overload's types with parameters of their own, so that two calls do not share them. */
export function instantiate(types: readonly CelType[], substitutions: Substitutions): readonly CelType[] {
  if (!types.some((type) => type.generic)) return types;
  const fresh = new Map<string, CelType>();
  const rename = (type: CelType): CelType => {
    if (!type.generic) return type;
    if (type.kind === 'parameter') {
      const known = fresh.get(type.name) ?? substitutions.newParameter();
      fresh.set(type.name, known);
      return known;
    }
    return new Type(type.kind, type.name, type.parameters.map(rename), type.wrapper);
  };
  return types.map(rename);
}
