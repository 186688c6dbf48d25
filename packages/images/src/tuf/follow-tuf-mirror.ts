import type { Environment } from '../registry/environment.ts';
import type { FollowedTrustRoot } from '../trust/follow-trust-root.ts';
import { maximumTrustRootBytes, parseTrustRoot, type TrustRoot } from '../trust/trust-root.ts';
import publicGoodRoot from './data/public-good-tuf-root.json' with { type: 'json' };
import { createFileKeeper, type FileKeeper } from './kept-files.ts';
import { createTufClient, type TufClient } from './tuf-client.ts';
import { openTufMirror, type TufMirror } from './tuf-mirror.ts';
import { TufProblem } from './tuf-problem.ts';

/** Of the public-good instance of Sigstore. */
export const publicGoodMirror = 'https://tuf-repo-cdn.sigstore.dev';

export interface TufOptions {
  readonly mirror: string;
  /** `root.json` to begin with, as text; the built-in one, which fits the public-good mirror alone, when absent. */
  readonly root?: string;
  /** PEM certificates trusted for the mirror besides the system's. */
  readonly ca?: string;
  /** A folder for what was believed last, so that a restart needs no mirror and cannot be told an older state. */
  readonly folder?: string;
  readonly userAgent: string;
  /** False for a mirror that a policy names: loopback addresses are the installation's own. True when absent. */
  readonly mayBeLoopback?: boolean;
  /** Holds the proxies; that of the process when absent. */
  readonly environment?: Environment;
  readonly now?: () => number;
}

export interface FollowTufOptions extends TufOptions {
  /** Milliseconds between rounds that went well. */
  readonly everyMs?: number;
  /** Milliseconds until the next round after one that did not. */
  readonly retryMs?: number;
  readonly onChange?: (root: TrustRoot) => void;
  /** Told for each round that ended without an answer; the root before it stays in use. */
  readonly onProblem?: (message: string) => void;
}

type Failed = { readonly ok: false; readonly message: string };

const targetName = 'trusted_root.json';
const hour = 3_600_000;

/**
 * The trust root of a TUF repository, refreshed in the background: `current` never waits. The last good one stays in use
 * while the mirror is away, or sends what must not be believed. When there is no good one to begin with, neither from the
 * mirror nor kept in `folder`, the message is the answer: nothing must start then.
 */
export async function followTufMirror(options: FollowTufOptions): Promise<FollowedTrustRoot | Failed> {
  const opened = await open(options);
  if (!opened.ok) return opened;
  const { mirror, round } = opened;
  const stopping = new AbortController();
  let known = await round(stopping.signal);
  if (!known.ok) {
    const { message } = known;
    const kept = opened.kept();
    if (kept === undefined) {
      await mirror.close();
      return { ok: false, message };
    }
    known = { ok: true, root: kept, keepProblem: undefined };
    options.onProblem?.(message);
  } else if (known.keepProblem !== undefined) {
    options.onProblem?.(known.keepProblem);
  }
  let { root } = known;
  let timer: NodeJS.Timeout;

  async function refresh(): Promise<void> {
    const next = await round(stopping.signal);
    if (stopping.signal.aborted) return;
    plan(next.ok ? (options.everyMs ?? hour) : (options.retryMs ?? hour / 12));
    if (!next.ok) return options.onProblem?.(next.message);
    if (next.root.hash === root.hash) return;
    root = next.root;
    options.onChange?.(root);
  }

  function plan(waitMs: number): void {
    timer = setTimeout(refresh, waitMs);
    timer.unref();
  }

  plan(options.everyMs ?? hour);
  return {
    ok: true,
    current: () => root,
    stop() {
      stopping.abort();
      clearTimeout(timer);
      mirror.close().catch(() => undefined);
    },
  };
}

/** One round, for a process that ends soon. What an earlier one kept in `folder` counts when the mirror gives no answer. */
export async function readTufTrustRoot(options: TufOptions): Promise<{ ok: true; root: TrustRoot } | Failed> {
  const opened = await open(options);
  if (!opened.ok) return opened;
  try {
    const read = await opened.round(new AbortController().signal);
    if (read.ok) return { ok: true, root: read.root };
    const kept = opened.kept();
    return kept === undefined ? read : { ok: true, root: kept };
  } finally {
    await opened.mirror.close();
  }
}

type Round = { readonly ok: true; readonly root: TrustRoot; readonly keepProblem: string | undefined } | Failed;

interface Opened {
  readonly ok: true;
  readonly mirror: TufMirror;
  readonly round: (stopping: AbortSignal) => Promise<Round>;
  /** What was believed in an earlier process. */
  readonly kept: () => TrustRoot | undefined;
}

async function open(options: TufOptions): Promise<Opened | Failed> {
  const { root = JSON.stringify(publicGoodRoot), folder, now = Date.now } = options;
  if (root.length > maximumTrustRootBytes) return { ok: false, message: 'the TUF root is too large' };
  if (options.root === undefined && options.mirror.replace(/\/+$/, '') !== publicGoodMirror) {
    return { ok: false, message: 'a TUF mirror of your own needs its root.json' };
  }
  try {
    const { mirror: url, ca, userAgent, environment = process.env, mayBeLoopback = true } = options;
    const mirror = openTufMirror({ url, userAgent, environment, mayBeLoopback, ...(ca === undefined ? {} : { ca }) });
    const first = Buffer.from(root);
    const keeper = folder === undefined ? undefined : createFileKeeper(folder, mirror.shown, first);
    const client = createTufClient(first, targetName, await keeper?.load());
    return {
      ok: true,
      mirror,
      round: (stopping) => runRound(client, mirror, keeper, now, stopping),
      kept() {
        const parsed = client.target === undefined ? undefined : parseTrustRoot(client.target.toString('utf8'));
        return parsed?.ok === true ? parsed.root : undefined;
      },
    };
  } catch (error) {
    return failureOf(error, options.mirror);
  }
}

async function runRound(
  client: TufClient,
  mirror: TufMirror,
  keeper: FileKeeper | undefined,
  now: () => number,
  stopping: AbortSignal,
): Promise<Round> {
  try {
    const target = await client.refresh(mirror.startRound(stopping), now());
    const parsed = parseTrustRoot(target.toString('utf8'));
    if (!parsed.ok) throw new TufProblem(parsed.message);
    const keepProblem = await keeper?.save(client.kept).then(
      () => undefined,
      () => 'the state of the TUF mirror cannot be kept in its folder',
    );
    return { ok: true, root: parsed.root, keepProblem };
  } catch (error) {
    return failureOf(error, mirror.shown);
  }
}

function failureOf(error: unknown, mirror: string): Failed {
  // A bug in the background must not end the process that admits; like any failure, it leaves the last good root in use.
  const message = error instanceof TufProblem ? error.message : `internal error (${errorName(error)})`;
  return { ok: false, message: `the TUF mirror \`${mirror}\`: ${message}` };
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
