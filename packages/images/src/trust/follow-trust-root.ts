import { stat } from 'node:fs/promises';
import { readTrustRoot } from './read-trust-root.ts';
import type { TrustRoot, TrustRootResult } from './trust-root.ts';

/** A trust root that may change: the last good content. */
export interface FollowedTrustRoot {
  readonly ok: true;
  /** For `ImageSourceOptions.trustRoot`; never waits. */
  current(): TrustRoot;
  stop(): void;
}

export interface FollowOptions {
  /** Milliseconds between looks. */
  readonly everyMs?: number;
  /** Told when the content is another and in use. */
  readonly onChange?: (root: TrustRoot) => void;
  /** Told once for each state that cannot be used; the root before it stays in use. */
  readonly onProblem?: (message: string) => void;
}

const defaultEveryMs = 15_000;

/** Where a trust root is. Neither function rejects. */
export interface TrustRootPlace {
  /** Tells one content from the next. */
  state(): Promise<string>;
  read(): Promise<TrustRootResult>;
}

/** Follows a `trusted_root.json` in a file, as mounts of ConfigMaps and Secrets change: see {@link followPlace}. */
export function followTrustRoot(path: string, options: FollowOptions = {}): ReturnType<typeof followPlace> {
  return followPlace({ state: () => stateOf(path), read: () => readTrustRoot(path) }, options);
}

/**
 * Reads a `trusted_root.json` and follows its changes in the background. A first content that is unusable is the answer:
 * nothing must start then. A later one is told and not used, so that one that is half written, or away, neither opens nor
 * closes the gate.
 */
export async function followPlace(
  place: TrustRootPlace,
  options: FollowOptions = {},
): Promise<FollowedTrustRoot | Extract<TrustRootResult, { ok: false }>> {
  let seen = await place.state();
  const first = await place.read();
  if (!first.ok) return first;
  let { root } = first;
  let isLooking = false;

  async function look(): Promise<void> {
    const state = await place.state();
    if (state === seen) return;
    const read = await place.read();
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
