import type { CelType } from '../values/cel-type.ts';
import { CelOpaque } from '../values/opaque.ts';

/** The value of a variable such as `resource` or `http`, whose methods are all there is to it. */
export function contextValue(type: CelType): CelOpaque<null> {
  return new CelOpaque(type, null);
}
