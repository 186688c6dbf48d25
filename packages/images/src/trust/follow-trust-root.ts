import { stat } from 'node:fs/promises';
import { readTrustRoot } from './read-trust-root.ts';
import type { TrustRoot, TrustRootResult } from './trust-root.ts';

/** A trust root in a file that may change: the last good content. */
export interface FollowedTrustRoot {
  readonly ok: true;
  /** For `ImageSourceOptions.trustRoot`; never waits. */
  current(): TrustRoot;
  stop(): void;
}

export interface FollowOptions {
  /** Milliseconds between looks at the file. */
  readonly everyMs?: number;
  /** Told when the content is another and in use. */
  readonly onChange?: (root: TrustRoot) => void;
  /** Told once for each state of the file that cannot be used; the root before it stays in use. */
  readonly onProblem?: (message: string) => void;
}

const defaultEveryMs = 15_000;

/**
 * Reads a `trusted_root.json` and follows its changes in the background, as mounts of ConfigMaps and Secrets change. A first
 * content that is unusable is the answer: nothing must start then. A later one is told and not used, so that a file that is
 * half written neither opens nor closes the gate.
 */
export async function followTrustRoot(
  path: string,
  options: FollowOptions = {},
): Promise<FollowedTrustRoot | Extract<TrustRootResult, { ok: false }>> {
  let seen = await stateOf(path);
  const first = await readTrustRoot(path);
  if (!first.ok) return first;
  let { root } = first;
  let isLooking = false;

  async function look(): Promise<void> {
    const state = await stateOf(path);
    if (state === seen) return;
    const read = await readTrustRoot(path);
    seen = state;
    if (!read.ok) return options.onProblem?.(read.message);
    if (read.root.hash === root.hash) return;
    root = read.root;
    options.onChange?.(root);
  }

  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look().finally(() => {
      isLooking = false;
    });
  }, options.everyMs ?? defaultEveryMs);
  timer.unref();
  return { ok: true, current: () => root, stop: () => clearInterval(timer) };
}

/** What tells one content from the next without reading it; links are followed, as mounts swap them. */
async function stateOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 'absent' : `${found.ino} ${found.mtimeMs} ${found.size}`;
}
