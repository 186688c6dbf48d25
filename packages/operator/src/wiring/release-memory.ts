import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What V8's own collector function takes. Node documents it; there is no type for it outside of `--expose-gc`. */
type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' | 'regular' }) => void;

let known: Collect | undefined;

/**
 * Gives back what starting took: V8 keeps the room that compiling and the first lists needed until the heap is under
 * pressure, which an idle operator never is. Some 10 MB, for about 30 ms once. Harmless where V8 does not offer it.
 */
export function releaseMemory(): void {
  collector()({ type: 'major', flavor: 'last-resort' });
}

/** One collection as V8 itself would do it sooner or later: it keeps the code that is hot. */
export function collectOnce(): void {
  collector()({ type: 'major', flavor: 'regular' });
}

function collector(): Collect {
  if (known) return known;
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('typeof gc === "function" ? gc : undefined');
  setFlagsFromString('--no-expose-gc');
  known = typeof collect === 'function' ? (collect as Collect) : () => {};
  return known;
}
