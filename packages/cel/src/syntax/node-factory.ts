import type { Place, Select } from './ast.ts';
import type { NodeFactory } from './macro.ts';

/** Nodes of an expanded macro: all in the place of its call, each with an id of its own. */
export function createNodeFactory(place: Place, nextId: () => number): NodeFactory {
  const base = () => ({ id: nextId(), ...place });
  return {
    place,
    literal: (value) => ({ kind: 'literal', ...base(), value }),
    ident: (name) => ({ kind: 'ident', ...base(), name }),
    call: (name, args, target) => ({ kind: 'call', ...base(), name, target, args }),
    list: (elements) => ({ kind: 'list', ...base(), elements }),
    select: (operand, field, test): Select => ({ kind: 'select', ...base(), operand, field, test }),
    comprehension: ({ form, range, variables, filter, step }) => ({
      kind: 'comprehension',
      ...base(),
      form,
      range,
      variables,
      filter,
      step,
    }),
    bind: (variable, init, body) => ({ kind: 'bind', ...base(), variable, init, body }),
  };
}
