import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What V8's own collector function takes. */
type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/**
 * Gives back what starting took: V8 keeps the room that compiling and the first lists needed until the heap is under
 * pressure, which an idle operator never is. Some 10 MB, for about 30 ms once. Harmless where V8 does not offer it.
 */
export function releaseStartupMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('typeof gc === "function" ? gc : undefined');
  setFlagsFromString('--no-expose-gc');
  // Node documents `gc` with these options; there is no type for it outside of `--expose-gc`.
  if (typeof collect === 'function') (collect as Collect)({ type: 'major', flavor: 'last-resort' });
}
