import type { CelType } from '../values/cel-type.ts';

/** A variable of a macro. */
export interface LocalVariable {
  readonly name: string;
  readonly type: CelType;
}

/** The variables of the macros around the node that is being checked, innermost first. */
export class Scopes {
  readonly #variables: LocalVariable[] = [];

  /** Checks something with more variables in sight. */
  within<Result>(variables: readonly LocalVariable[], body: () => Result): Result {
    const size = this.#variables.length;
    this.#variables.push(...variables);
    const result = body();
    this.#variables.length = size;
    return result;
  }

  find(name: string): LocalVariable | undefined {
    return this.#variables.findLast((variable) => variable.name === name);
  }
}
