import { type CelType, structType, typeOfType } from '../values/cel-type.ts';
import type { CelValue } from '../values/cel-value.ts';
import type { FunctionDeclaration, Overload } from './function-declaration.ts';
import type { TypeDeclaration, TypeResolver, VariableDeclaration } from './type-declaration.ts';

export interface ResolvedName {
  readonly name: string;
  readonly type: CelType;
  /** Set for constants and types; a variable of the activation has none. */
  readonly value?: CelValue;
}

/** Everything an expression may refer to, by fully qualified name. */
export class Declarations {
  readonly container: string;
  readonly #prefixes: readonly string[];
  readonly #variables = new Map<string, VariableDeclaration>();
  readonly #functions = new Map<string, FunctionDeclaration>();
  readonly #types = new Map<string, TypeDeclaration>();
  readonly #typeNames = new Map<string, CelType>();
  readonly #resolveType: TypeResolver;
  readonly #aliases: ReadonlyMap<string, string>;

  constructor(container: string, resolveType: TypeResolver, aliases: ReadonlyMap<string, string>) {
    this.container = container;
    this.#resolveType = resolveType;
    this.#aliases = aliases;
    const words = container === '' ? [] : container.split('.');
    this.#prefixes = words.map((_, index) => `${words.slice(0, words.length - index).join('.')}.`);
  }

  addVariable(variable: VariableDeclaration): void {
    this.#variables.set(variable.name, variable);
  }

  addTypeName(name: string, type: CelType): void {
    this.#typeNames.set(name, type);
  }

  addType(type: TypeDeclaration): void {
    this.#types.set(type.name, type);
  }

  /** Adds overloads; one with an id that exists replaces it. */
  addFunction({ name, overloads }: FunctionDeclaration): void {
    const merged = new Map<string, Overload>();
    for (const overload of this.#functions.get(name)?.overloads ?? []) merged.set(overload.id, overload);
    for (const overload of overloads) merged.set(overload.id, overload);
    this.#functions.set(name, { name, overloads: [...merged.values()] });
  }

  findType(name: string): TypeDeclaration | undefined {
    return this.#types.get(name) ?? this.#resolveType(name);
  }

  findFunction(name: string): FunctionDeclaration | undefined {
    return this.#first(name, (candidate) => this.#functions.get(candidate));
  }

  /** The variable, constant or type of a name as written, looked up from the container outwards. */
  findName(name: string): ResolvedName | undefined {
    return this.#first(name, (candidate) => this.#exactName(candidate));
  }

  #exactName(name: string): ResolvedName | undefined {
    const variable = this.#variables.get(name);
    if (variable !== undefined) return variable;
    const named = this.#typeNames.get(name);
    if (named !== undefined) return { name, type: typeOfType(named), value: named };
    const declared = this.findType(name);
    if (declared === undefined) return undefined;
    const type = declared.type ?? structType(name);
    return { name, type: typeOfType(type), value: type };
  }

  #first<Found>(name: string, find: (candidate: string) => Found | undefined): Found | undefined {
    if (name.startsWith('.')) return find(name.slice(1));
    const aliased = this.#unalias(name);
    if (aliased !== undefined) return find(aliased);
    for (const prefix of this.#prefixes) {
      const found = find(prefix + name);
      if (found !== undefined) return found;
    }
    return find(name);
  }

  #unalias(name: string): string | undefined {
    if (this.#aliases.size === 0) return undefined;
    const dot = name.indexOf('.');
    const head = dot < 0 ? name : name.slice(0, dot);
    const full = this.#aliases.get(head);
    return full === undefined ? undefined : full + (dot < 0 ? '' : name.slice(dot));
  }
}
