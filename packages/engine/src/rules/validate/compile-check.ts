import { isJsonArray, isJsonObject, type JsonObject, member } from '../../kernel/json.ts';
import type { CheckCompilation, CompiledCheck } from './check.ts';
import { compileDenyCheck } from './check-deny.ts';
import { compileForeachCheck } from './check-foreach.ts';
import { compileAnyPatternCheck, compilePatternCheck } from './check-pattern.ts';

/**
 * The check of a `validate` block or of a block of its foreach: `deny`, then `pattern`, `anyPattern`, `foreach`; the
 * first that is there decides. A block with none of them checks nothing.
 */
export function compileCheck(block: JsonObject, compilation: CheckCompilation): CompiledCheck {
  const deny = member(block, 'deny');
  if (isJsonObject(deny)) return compileDenyCheck(deny, compilation);
  const pattern = member(block, 'pattern') ?? null;
  if (pattern !== null) return compilePatternCheck(pattern, compilation);
  const anyPattern = member(block, 'anyPattern') ?? null;
  if (anyPattern !== null) return compileAnyPatternCheck(anyPattern, compilation);
  const foreach = member(block, 'foreach');
  return isJsonArray(foreach) ? compileForeachCheck(foreach, compilation) : { run: () => undefined };
}
