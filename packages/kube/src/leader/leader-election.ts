import type { KubeClient } from '../client/kube-client.ts';
import { ignoreNotFound, isKubeError } from '../client/kube-error.ts';
import { wait } from '../client/wait.ts';
import type { KubernetesObject } from '../model/kubernetes-object.ts';
import { type LeaseRecord, leaseResource, readLease, toMicroTime, withLeaseRecord } from './lease.ts';

export interface LeaderElectionOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'update'>;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Of this candidate; the pod's name. No two candidates may share one. */
  readonly identity: string;
  /** 2 s unless told. The lease lasts 6 times this; a leader that could not renew for 5 times this steps down. */
  readonly retryPeriodMilliseconds?: number;
  /**
   * Leadership begins. The signal is aborted when it ends; until the promise settles this candidate will not lead again.
   */
  readonly onStarted: (signal: AbortSignal) => Promise<void> | void;
  /** Leadership has ended. */
  readonly onStopped?: () => void;
  /** Another leader was seen, or this candidate became it. */
  readonly onNewLeader?: (identity: string) => void;
  /** Failures it goes on after, those of the handlers included. */
  readonly onError?: (error: unknown) => void;
  /** Give the lease back on `stop`, so that the next leader need not wait. Off unless told, as in Kyverno. */
  readonly releaseOnStop?: boolean;
}

export interface LeaderElection {
  /** Whether this candidate leads at this moment; checked against the clock, so true is safe even after a stall. */
  readonly isLeader: () => boolean;
  /** The holder last seen. */
  readonly leader: () => string | undefined;
  /** Ends leadership and candidacy. Resolves when `onStarted` has settled. */
  readonly stop: () => Promise<void>;
}

/** Begins a candidacy for a Lease; it goes on, also after leadership was lost, until stopped. */
export function startLeaderElection(options: LeaderElectionOptions): LeaderElection {
  return new Candidate(options);
}

/**
 * The algorithm of client-go's leaderelection, with local clocks only: another's lease counts as expired when its record
 * has not changed for the lease duration since *we* first saw it; our own time runs from *before* the renewing request
 * was sent. As the renew deadline is shorter than the lease duration, we have stepped down before another may step up.
 */
class Candidate implements LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #retryPeriod: number;
  readonly #abort = new AbortController();
  readonly #finished: Promise<void>;
  #observed: { readonly lease: KubernetesObject; readonly record: LeaseRecord; readonly at: number } | undefined;
  #term: Term | undefined;
  #announced: string | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#retryPeriod = options.retryPeriodMilliseconds ?? 2000;
    this.#finished = this.#campaign();
  }

  readonly isLeader = (): boolean => this.#term?.isCurrent() ?? false;
  readonly leader = (): string | undefined => this.#observed?.record.holderIdentity || undefined;

  readonly stop = async (): Promise<void> => {
    const wasLeader = this.isLeader();
    this.#abort.abort(new DOMException('the election was stopped', 'AbortError'));
    this.#term?.end();
    await this.#finished;
    if (wasLeader && this.#options.releaseOnStop === true) await this.#release();
  };

  async #campaign(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.#attempt();
      // Up to a fifth more, so that candidates do not ask in step.
      await wait(this.#retryPeriod * (this.isLeader() ? 1 : 1 + Math.random() / 5), signal).catch(() => undefined);
      // A term that is over must have finished its work before the next one.
      if (this.#term !== undefined && !this.#term.isCurrent()) {
        this.#term.end();
        await this.#term.finished;
        this.#term = undefined;
      }
    }
    await this.#term?.finished;
  }

  async #attempt(): Promise<void> {
    const sentAt = performance.now();
    // An answer that comes after the renew deadline is of no use to a leader.
    const timeoutMilliseconds = Math.max(1, (this.#term?.endsAt() ?? sentAt + this.#retryPeriod * 5) - sentAt);
    try {
      const isHeld = await this.#acquireOrRenew({ signal: this.#abort.signal, timeoutMilliseconds });
      if (isHeld) this.#holdSince(sentAt);
      else this.#term?.end();
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#options.onError?.(error);
    }
    this.#announceLeader();
  }

  /** True when the lease is ours now, false when it is another's; throws when that could not be found out. */
  async #acquireOrRenew(call: CallLimits): Promise<boolean> {
    const { client, namespace, name, identity } = this.#options;
    if (this.#observed === undefined || this.#observed.record.holderIdentity !== identity) {
      const lease = await ignoreNotFound(client.get(leaseResource, { namespace, name }, call));
      if (lease === undefined) return this.#create(call);
      this.#observe(lease);
    }
    const observed = this.#observed;
    if (observed === undefined) return false;
    if (observed.record.holderIdentity !== identity && !this.#isExpired()) return false;
    try {
      const record = this.#nextRecord(observed.record);
      this.#observe(await client.update(leaseResource, withLeaseRecord(observed.lease, record), undefined, call));
      return true;
    } catch (error) {
      if (!isKubeError(error) || (error.code !== 409 && error.code !== 404)) throw error;
      // Somebody else wrote. Who holds it now decides whether our term goes on; the next attempt writes.
      const lease = await ignoreNotFound(client.get(leaseResource, { namespace, name }, call));
      if (lease === undefined) {
        this.#observed = undefined;
        throw error;
      }
      this.#observe(lease);
      if (readLease(lease).holderIdentity === identity) throw error;
      return false;
    }
  }

  async #create(call: CallLimits): Promise<boolean> {
    const { client, namespace, name } = this.#options;
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name },
      spec: { ...this.#nextRecord(undefined) },
    };
    try {
      this.#observe(await client.create(leaseResource, lease, { namespace }, call));
      return true;
    } catch (error) {
      if (isKubeError(error) && error.code === 409) return false;
      throw error;
    }
  }

  #nextRecord(previous: LeaseRecord | undefined): LeaseRecord {
    const { identity } = this.#options;
    const now = toMicroTime(new Date());
    const isRenewal = previous?.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.ceil((this.#retryPeriod * 6) / 1000)),
      acquireTime: isRenewal ? previous.acquireTime : now,
      renewTime: now,
      leaseTransitions: previous === undefined ? 0 : previous.leaseTransitions + (isRenewal ? 0 : 1),
    };
  }

  /** Remembers a lease; the time is that of the first sight of this state. */
  #observe(lease: KubernetesObject): void {
    const record = readLease(lease);
    const isSame = this.#observed?.lease.metadata.resourceVersion === lease.metadata.resourceVersion;
    this.#observed = { lease, record, at: isSame && this.#observed ? this.#observed.at : performance.now() };
  }

  #isExpired(): boolean {
    if (this.#observed === undefined) return true;
    const { record, at } = this.#observed;
    const duration = Math.max(record.leaseDurationSeconds * 1000, this.#retryPeriod * 6);
    return record.holderIdentity === '' || performance.now() > at + duration;
  }

  #holdSince(sentAt: number): void {
    const endsAt = sentAt + this.#retryPeriod * 5;
    if (this.#term !== undefined) {
      this.#term.extend(endsAt);
      return;
    }
    if (performance.now() >= endsAt || this.#abort.signal.aborted) return;
    const { onStarted, onStopped, onError } = this.#options;
    this.#term = new Term(
      endsAt,
      onStarted,
      () => onStopped?.(),
      (error) => onError?.(error),
    );
  }

  #announceLeader(): void {
    const leader = this.leader();
    if (leader === undefined || leader === this.#announced) return;
    this.#announced = leader;
    this.#options.onNewLeader?.(leader);
  }

  async #release(): Promise<void> {
    const { client, identity, onError } = this.#options;
    if (this.#observed?.record.holderIdentity !== identity) return;
    const record = { ...this.#observed.record, holderIdentity: '', leaseDurationSeconds: 1 };
    const timeoutMilliseconds = this.#retryPeriod;
    await client
      .update(leaseResource, withLeaseRecord(this.#observed.lease, record), undefined, { timeoutMilliseconds })
      .catch((error: unknown) => onError?.(error));
  }
}

interface CallLimits {
  readonly signal: AbortSignal;
  readonly timeoutMilliseconds: number;
}

/** One stretch of leadership. It ends by itself when it is not extended in time, and never begins again. */
class Term {
  readonly finished: Promise<void>;
  readonly #abort = new AbortController();
  readonly #onEnded: () => void;
  readonly #onError: (error: unknown) => void;
  #endsAt: number;
  #timer: NodeJS.Timeout;

  constructor(
    endsAt: number,
    onStarted: (signal: AbortSignal) => Promise<void> | void,
    onEnded: () => void,
    onError: (error: unknown) => void,
  ) {
    this.#endsAt = endsAt;
    this.#onEnded = onEnded;
    this.#onError = onError;
    this.#timer = this.#startTimer();
    const signal = this.#abort.signal;
    this.finished = Promise.resolve()
      .then(() => onStarted(signal))
      .catch(onError);
  }

  readonly isCurrent = (): boolean => !this.#abort.signal.aborted && performance.now() < this.#endsAt;
  readonly endsAt = (): number => this.#endsAt;

  /** Without effect once the term is over. */
  extend(endsAt: number): void {
    if (!this.isCurrent() || endsAt <= this.#endsAt) return;
    this.#endsAt = endsAt;
    clearTimeout(this.#timer);
    this.#timer = this.#startTimer();
  }

  end(): void {
    if (this.#abort.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#abort.abort(new DOMException('leadership has ended', 'AbortError'));
    try {
      this.#onEnded();
    } catch (error) {
      this.#onError(error);
    }
  }

  #startTimer(): NodeJS.Timeout {
    return setTimeout(() => this.end(), Math.max(0, this.#endsAt - performance.now()));
  }
}
