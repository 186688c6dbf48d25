import { isJsonArray, isJsonObject, type Json } from '../../kernel/json.ts';
import { createJsonScope } from '../variables/json-scope.ts';
import { findVariables } from '../variables/variable-text.ts';
import type { Conditions } from './compile-conditions.ts';

/** Whether conditions hold under an operation. */
export type OperationTest = (operation: string) => boolean;

const OPERATION = /^\{\{\s*request\.operation(?:\s*\|\|\s*'[A-Z]*')?\s*\}\}$/;

/** For conditions that look at nothing but `request.operation`: judged once an operation. `undefined` for others. */
export function compileByOperation(written: Json | undefined, conditions: Conditions): OperationTest | undefined {
  if (written === undefined || !readsOperationOnly(written)) return undefined;
  const known = new Map<string, boolean>();
  return (operation) => {
    let holds = known.get(operation);
    if (holds === undefined) {
      const outcome = conditions.evaluate(createJsonScope({ request: { operation } }, 0));
      holds = 'value' in outcome && outcome.value;
      if (known.size < REMEMBERED) known.set(operation, holds);
    }
    return holds;
  };
}

/** There are four operations. */
const REMEMBERED = 8;

function readsOperationOnly(node: Json): boolean {
  if (typeof node === 'string')
    return (findVariables(node).length === 0 && !node.includes('$(')) || OPERATION.test(node);
  if (isJsonArray(node)) return node.every(readsOperationOnly);
  if (!isJsonObject(node)) return true;
  return Object.entries(node).every(([key, value]) => readsOperationOnly(key) && readsOperationOnly(value));
}
