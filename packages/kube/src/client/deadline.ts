/** A signal that follows another one and a time limit, and lets go of both. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the time limit, not the caller, ended it. */
  readonly isExpired: () => boolean;
  /** Drops the time limit and keeps following the parent. */
  readonly disarm: () => void;
  readonly release: () => void;
}

/**
 * `AbortSignal.any` keeps a link to a long-lived parent for as long as the parent lives; this one is cut by `release`,
 * so that one signal can serve millions of requests.
 */
export function startDeadline(milliseconds: number | undefined, parent: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let isExpired = false;
  const onAbort = (): void => controller.abort(parent?.reason);
  const expire = (): void => {
    isExpired = true;
    controller.abort(new DOMException('the request took too long', 'TimeoutError'));
  };
  const timer = milliseconds === undefined ? undefined : setTimeout(expire, milliseconds);
  if (parent?.aborted) onAbort();
  else parent?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    isExpired: () => isExpired,
    disarm: () => clearTimeout(timer),
    release: () => {
      clearTimeout(timer);
      parent?.removeEventListener('abort', onAbort);
    },
  };
}
