import type { CelLibrary } from '../declare/library.ts';
import { qualifiedName } from '../syntax/ast.ts';
import { type Macro, MacroIssue } from '../syntax/macro.ts';

/** `proto.getExt(message, name)` and `proto.hasExt(message, name)`: fields under the full name of an extension. */
function extensionMacro(name: string, test: boolean): Macro {
  return {
    name,
    receiver: true,
    arity: 2,
    expand(make, [message, extension], target) {
      if (target?.kind !== 'ident' || target.name !== 'proto' || message === undefined) return undefined;
      const field = extension === undefined ? undefined : qualifiedName(extension);
      if (field === undefined || extension?.kind !== 'select') {
        return new MacroIssue(extension?.position ?? 0, 'invalid extension field');
      }
      return make.select(message, field, test);
    },
  };
}

/** The proto extension. */
export function protoLibrary(): CelLibrary {
  return { name: 'proto', macros: [extensionMacro('getExt', false), extensionMacro('hasExt', true)] };
}
