import type { Macro } from '../syntax/macro.ts';
import type { FunctionDeclaration } from './function-declaration.ts';
import type { TypeDeclaration, VariableDeclaration } from './type-declaration.ts';

/** A set of functions, macros, types and constants that an environment can be made with. */
export interface CelLibrary {
  readonly name: string;
  readonly functions?: readonly FunctionDeclaration[];
  readonly macros?: readonly Macro[];
  readonly types?: readonly TypeDeclaration[];
  readonly variables?: readonly VariableDeclaration[];
}
