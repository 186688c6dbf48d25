import type { FunctionExample } from './functions/definition.ts';
import { FUNCTIONS } from './functions/list.ts';

/** A function as help, completion and the reference page show it. */
export interface FunctionDescription {
  readonly name: string;
  /** `replace(value string, old string, new string, count number) string` */
  readonly signature: string;
  readonly summary: string;
  readonly example: FunctionExample;
}

/** Every function, sorted by name. */
export function describeFunctions(): readonly FunctionDescription[] {
  return FUNCTIONS.map(({ name, parameters, returns, summary, example }) => {
    const shown = parameters.map(
      (parameter) => `${parameter.name} ${parameter.variadic ? '…' : ''}${parameter.types.join('|')}`,
    );
    return { name, signature: `${name}(${shown.join(', ')}) ${returns}`, summary, example };
  }).sort((a, b) => (a.name < b.name ? -1 : 1));
}
